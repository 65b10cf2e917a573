#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include <node/gridfile.h>

enum { MaxIniVars = 1000 };

const char *ini_get(const Ini *ini, const char *name)
{
	for (int i = 0; i < ini->n; i++)
		if (strcmp(ini->v[i].name, name) == 0)
			return ini->v[i].val;
	return NULL;
}

void ini_set(Ini *ini, const char *name, const char *val)
{
	for (int i = 0; i < ini->n; i++)
		if (strcmp(ini->v[i].name, name) == 0) {
			free(ini->v[i].val);
			ini->v[i].val = mem_str(val);
			return;
		}
	ini->v = mem_grow(ini->v, (size_t)ini->n + 1, sizeof *ini->v);
	ini->v[ini->n].name = mem_str(name);
	ini->v[ini->n].val = mem_str(val);
	ini->n++;
}

void ini_free(Ini *ini)
{
	for (int i = 0; i < ini->n; i++) {
		free(ini->v[i].name);
		free(ini->v[i].val);
	}
	free(ini->v);
	*ini = (Ini){ 0 };
}

/* trim takes white space (a carriage return too) from the end of s and returns where it begins. */
static char *trim(char *s)
{
	size_t n = strlen(s);

	while (n > 0 && isspace((unsigned char)s[n - 1]))
		s[--n] = '\0';
	return s + strspn(s, " \t");
}

/* goodvar: a name that can be a file in /env. */
static bool goodvar(const char *s)
{
	return *s != '\0' && strchr(s, '/') == NULL && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 && strlen(s) < 128;
}

/* plan9.ini(8): name=value lines, # comments; a [menu] needs somebody to ask, so a section is refused by name. */
static int iniline(Ini *ini, char *line)
{
	char *s = trim(line), *v;

	if (*s == '\0' || *s == '#')
		return 0;
	if (*s == '[')
		return werrstr("sections such as %s are not implemented", s);
	v = strchr(s, '=');
	if (v == NULL)
		return werrstr("'%s' is not name=value", s);
	*v++ = '\0';
	s = trim(s);
	if (!goodvar(s))
		return werrstr("'%s' cannot name a variable", s);
	if (ini->n >= MaxIniVars)
		return werrstr("more than %d variables", MaxIniVars);
	ini_set(ini, s, trim(v));
	return 0;
}

int ini_parse(Ini *ini, const char *text, const char *file)
{
	autofree char *copy = mem_str(text);
	char *next;
	int n = 1;

	for (char *line = copy; *line != '\0'; line = next, n++) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (iniline(ini, line) < 0)
			return werrstr("%s:%d: %s", file, n, rerrstr());
	}
	return 0;
}
