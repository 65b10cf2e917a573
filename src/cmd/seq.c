#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cmds.h"
#include "tool.h"

static double number(const Args *a, const char *s)
{
	char *end;
	double v = strtod(s, &end);

	if (*s == '\0' || *end != '\0' || !isfinite(v))
		args_usage(a);
	return v;
}

/* places counts the digits after the point, so that steps are printed as they were given. */
static int places(const char *s)
{
	const char *dot = strchr(s, '.');

	return dot != NULL && strchr(s, 'e') == NULL ? (int)strlen(dot + 1) : 0;
}

/* sound says whether a format from the user takes one floating point number and nothing else. */
static bool sound(const char *f)
{
	int n = 0;

	for (; (f = strchr(f, '%')) != NULL; f++) {
		f++;
		if (*f == '%')
			continue;
		f += strspn(f, "0123456789.+- #");
		if (*f == '\0' || strchr("eEfgG", *f) == NULL)
			return false;
		n++;
	}
	return n == 1;
}

int cmd_seq(int argc, char **argv)
{
	Args a;
	double first = 1, step = 1, last;
	int k, prec = 0, width = 0;
	bool constant = false;
	const char *fmt = NULL;
	long long n;

	args_init(&a, argc, argv, "seq [-w] [-f fmt] [first [incr]] last");
	while (a.argc > 0 && !(a.argv[0][0] == '-' && strchr("0123456789.", a.argv[0][1]) != NULL && a.argv[0][1] != '\0') &&
	       (k = args_flag(&a)) != 0)
		switch (k) {
		case 'w':
			constant = true;
			break;
		case 'f':
			fmt = args_value(&a);
			break;
		default:
			args_usage(&a);
		}
	if (a.argc < 1 || a.argc > 3)
		args_usage(&a);
	for (int i = 0; i < a.argc; i++)
		if (places(a.argv[i]) > prec)
			prec = places(a.argv[i]);
	if (a.argc > 1)
		first = number(&a, a.argv[0]);
	if (a.argc > 2)
		step = number(&a, a.argv[1]);
	last = number(&a, a.argv[a.argc - 1]);
	if (step == 0)
		tool_die("zero increment");
	if (fmt != NULL && !sound(fmt))
		tool_die("bad format '%s': one of %%e %%f %%g is wanted", fmt);
	if (constant)
		for (int i = 0; i < 2; i++) {
			int w = snprintf(NULL, 0, "%.*f", prec, i ? last : first);

			width = w > width ? w : width;
		}
	n = (last - first) / step < 0 ? -1 : (long long)((last - first) / step + 1e-9);
	for (long long i = 0; i <= n; i++)
		if (fmt != NULL)
			printf(fmt, first + (double)i * step);
		else
			printf(constant ? "%0*.*f\n" : "%*.*f\n", width, prec, first + (double)i * step);
	return tool_end(0);
}
