/* xd(1): each format is [c][1248|bwlv][odx] and gives a line for 16 bytes; -a sets the address's base, -r swaps nothing. */
#include <string.h>
#include <base/bytes.h>
#include "cmds.h"
#include "tool.h"

typedef struct Format {
	int size; /* bytes of a number, 0: characters */
	char base;
} Format;

static Format format[10];
static int nformat;
static char abase = 'x';
static bool all, little, flush;

static void chars(const u8 *p, int n)
{
	static const char from[] = "\0\a\b\t\n\v\f\r", to[] = "0abtnvfr";

	for (int i = 0; i < n; i++) {
		const char *k = memchr(from, p[i], sizeof from - 1);

		if (k != NULL)
			printf(" \\%c", to[k - from]);
		else if (p[i] >= ' ' && p[i] < 127)
			printf("  %c", p[i]);
		else
			printf(" %.2x", p[i]);
	}
}

static u64 number(const u8 *p, int size)
{
	u64 v = 0;

	for (int i = 0; i < size; i++)
		v = v << 8 | p[little ? size - 1 - i : i];
	return v;
}

static void numbers(const Format *f, const u8 *p, int n)
{
	static const int width[3][9] = { { 0, 3, 6, 0, 11, 0, 0, 0, 22 }, { 0, 3, 5, 0, 10, 0, 0, 0, 20 },
					 { 0, 2, 4, 0, 8, 0, 0, 0, 16 } };

	for (int i = 0; i < n; i += f->size) {
		unsigned long long v = number(p + i, f->size);

		if (f->base == 'o')
			printf(" %.*llo", width[0][f->size], v);
		else if (f->base == 'd')
			printf(" %.*llu", width[1][f->size], v);
		else
			printf(" %.*llx", width[2][f->size], v);
	}
}

static void address(unsigned long long at)
{
	if (abase == 'o')
		printf("%.7llo ", at);
	else if (abase == 'd')
		printf("%.7llu ", at);
	else
		printf("%.7llx ", at);
}

static int dump(FILE *f, const char *name)
{
	u8 p[16], last[16];
	unsigned long long at = 0;
	bool starred = false;
	size_t n;

	while ((n = fread(p, 1, sizeof p, f)) > 0) {
		if (!all && at > 0 && n == sizeof p && memcmp(p, last, sizeof p) == 0) {
			if (!starred)
				puts("*");
			starred = true;
			at += n;
			continue;
		}
		starred = false;
		memcpy(last, p, sizeof p);
		memset(p + n, 0, sizeof p - n);
		for (int i = 0; i < nformat; i++) {
			if (i == 0)
				address(at);
			else
				printf("\t ");
			if (format[i].size == 0)
				chars(p, (int)n);
			else
				numbers(&format[i], p, (int)(n + (size_t)format[i].size - 1) / format[i].size * format[i].size);
			putchar('\n');
		}
		if (flush)
			fflush(stdout);
		at += n;
	}
	if (ferror(f)) {
		tool_oops("%s", name);
		return 1;
	}
	address(at);
	putchar('\n');
	return 0;
}

static void add(const Args *a, const char *s)
{
	Format f = { 4, 'x' };

	if (nformat == (int)nelem(format))
		tool_die("too many formats");
	for (; *s != '\0'; s++)
		switch (*s) {
		case 'c': f.size = 0; break;
		case 'b': case '1': f.size = 1; break;
		case 'w': case '2': f.size = 2; break;
		case 'l': case '4': f.size = 4; break;
		case 'v': case '8': f.size = 8; break;
		case 'o': case 'd': case 'x': f.base = *s; break;
		default: args_usage(a);
		}
	format[nformat++] = f;
}

int cmd_xd(int argc, char **argv)
{
	Args a;
	int bad = 0;

	args_init(&a, argc, argv, "xd [-u] [-r] [-s] [-a{odx}] [-c|{b1w2l4v8}{odx}] ... [file ...]");
	for (; a.argc > 0 && a.argv[0][0] == '-' && a.argv[0][1] != '\0'; a.argv++, a.argc--) {
		const char *s = a.argv[0] + 1;

		if (strcmp(s, "u") == 0)
			flush = true;
		else if (strcmp(s, "r") == 0)
			all = true;
		else if (strcmp(s, "s") == 0)
			little = true;
		else if (*s == 'a' && s[1] != '\0' && strchr("odx", s[1]) != NULL)
			abase = s[1];
		else
			add(&a, s);
	}
	if (nformat == 0)
		add(&a, "");
	if (a.argc == 0)
		bad = dump(stdin, "standard input");
	for (int i = 0; i < a.argc; i++) {
		FILE *f = tool_input(a.argv[i]);

		if (a.argc > 1)
			printf("%s\n", a.argv[i]);
		bad |= f == NULL || dump(f, a.argv[i]);
		if (f != NULL)
			fclose(f);
	}
	return tool_end(bad);
}
