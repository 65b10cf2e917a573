#include <stdlib.h>
#include <string.h>
#include <base/buf.h>
#include "cmds.h"
#include "vtool.h"

static char *slurp(FILE *f)
{
	Buf b = { 0 };
	char piece[1024];

	for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0 && b.n <= CONFMAX;)
		buf_add(&b, piece, n);
	if (ferror(f))
		tool_oopsdie("the configuration");
	return buf_take(&b);
}

static int install(const char *part, const char *file)
{
	FILE *f = tool_input(file);
	char *text;
	VtConf *c;

	if (f == NULL)
		return 1;
	text = slurp(f);
	fclose(f);
	c = conf_parse(text, strlen(text), strcmp(file, "-") == 0 ? "standard input" : file);
	if (c == NULL || conf_install(part, text) < 0)
		tool_die("%s", rerrstr());
	conf_free(c);
	free(text);
	return 0;
}

int cmd_venti_conf(int argc, char **argv)
{
	Args a;
	bool write = false;
	char *text;

	args_init(&a, argc, argv, "venti/conf [-w] partition [configfile]");
	for (int c; (c = args_flag(&a)) != 0;)
		if (c == 'w')
			write = true;
		else
			args_usage(&a);
	if (a.argc < 1 || a.argc > (write ? 2 : 1))
		args_usage(&a);
	if (write)
		return install(a.argv[0], a.argc == 2 ? a.argv[1] : "-");
	text = conf_text(a.argv[0]);
	if (text == NULL)
		tool_die("%s", rerrstr());
	fputs(text, stdout);
	free(text);
	return tool_end(0);
}
