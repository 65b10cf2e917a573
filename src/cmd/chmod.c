#include <string.h>
#include <base/str.h>
#include <os/file.h>
#include "cmds.h"
#include "tool.h"

/* who reads [ugoa]* and returns the bits of an rwx triple that are meant. */
static u32 who(const char **s)
{
	u32 m = 0;

	for (;; (*s)++)
		switch (**s) {
		case 'u':
			m |= 0700;
			break;
		case 'g':
			m |= 0070;
			break;
		case 'o':
			m |= 0007;
			break;
		case 'a':
			m |= 0777;
			break;
		default:
			return m != 0 ? m : 0777;
		}
}

static u32 what(const char **s)
{
	u32 m = 0;

	for (;; (*s)++)
		switch (**s) {
		case 'r':
			m |= 0444;
			break;
		case 'w':
			m |= 0222;
			break;
		case 'x':
			m |= 0111;
			break;
		default:
			return m;
		}
}

/* parse reads a mode as mask (what is changed) and bits; -1 if it is none. */
static int parse(const char *s, u32 *mask, u32 *bits)
{
	u64 v;
	char op;

	if (*s >= '0' && *s <= '7') {
		*mask = 0777;
		if (str_u64(s, 8, 0777, &v) < 0)
			return -1;
		*bits = (u32)v;
		return 0;
	}
	*mask = who(&s);
	op = *s;
	if (op == '\0' || strchr("+-=", op) == NULL)
		return werrstr("bad mode");
	s++;
	*bits = what(&s);
	if (*s != '\0')
		return werrstr("%s: Plan 9's a (append), l (exclusive) and t (temporary) bits are not implemented on Linux files", s);
	if (op != '=')
		*mask &= *bits;
	if (op == '-')
		*bits = 0;
	return 0;
}

int cmd_chmod(int argc, char **argv)
{
	Args a;
	u32 mask = 0, bits = 0;
	FileInfo f;
	int bad = 0;

	args_init(&a, argc, argv, "chmod 0777 file ... or chmod [who]op[rwx] file ...");
	a.argc = argc - 1;
	if (a.argc < 2)
		args_usage(&a);
	if (parse(a.argv[0], &mask, &bits) < 0)
		tool_die("bad mode '%s': %s", a.argv[0], rerrstr());
	for (int i = 1; i < a.argc; i++)
		if (file_stat(a.argv[i], &f) < 0 ||
		    file_chmod(a.argv[i], (f.mode & ~mask) | (mask & bits)) < 0) {
			tool_warn("%s", rerrstr());
			bad = 1;
		}
	return bad;
}
