/* venti/root: what is in root blocks. */
#include <venti/entry.h>
#include "cmds.h"
#include "tool.h"
#include <base/str.h>
#include "ventitool.h"

static int print_root(Venti *v, const char *arg)
{
	autobuf Buf b = { 0 };
	char hex[3][SCORETEXT];
	u8 p[ROOT];
	Score s;
	Root r;
	long n;

	if (score_parse(arg, &s, hex[0], sizeof hex[0]) < 0)
		return -1;
	n = venti_read(v, &s, VtRoot, p, sizeof p);
	if (n < 0)
		return -1;
	if (n != ROOT)
		return werrstr("block %s has %ld bytes, a root has %d", score_print(&s, hex[0]), n, ROOT);
	if (root_unpack(&r, p) < 0)
		return -1;
	str_quote(&b, r.name);
	buf_ch(&b, ' ');
	str_quote(&b, r.type);
	printf("%s: %s %s %u %s\n", score_print(&s, hex[0]), buf_text(&b), score_print(&r.score, hex[1]), r.blocksize,
	       score_print(&r.prev, hex[2]));
	return 0;
}

int cmd_venti_root(int argc, char **argv)
{
	const char *host = NULL;
	int status = 0;
	Venti *v;
	Args a;

	args_init(&a, argc, argv, "venti/root [-h host] score ...");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'h':
			host = args_value(&a);
			break;
		default:
			args_usage(&a);
		}
	if (a.argc == 0)
		args_usage(&a);
	v = ventitool_dial(host, 1);
	for (int i = 0; i < a.argc; i++)
		if (print_root(v, a.argv[i]) < 0) {
			tool_warn("%s: %s", a.argv[i], rerrstr());
			status = 1;
		}
	venti_close(v);
	return tool_end(status);
}
