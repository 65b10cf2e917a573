/*
 * cleanname is idempotent and never grows but from "" to "."; tokens and
 * fields stay inside their string; what str_quote quotes is one token again.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void must(bool good)
{
	if (!good)
		abort();
}

static void clean(const char *s, size_t n)
{
	autofree char *a = mem_new(n + 2), *b = NULL;

	memcpy(a, s, n);
	path_clean(a);
	must(strlen(a) <= (n == 0 ? 1 : strlen(s)));
	b = mem_strn(a, strlen(a) + 1);
	must(strcmp(path_clean(b), a) == 0);
}

static void tokens(const char *s, size_t n)
{
	autofree char *t = mem_strn(s, n), *u = mem_strn(s, n);
	char *f[32];
	int m = str_tokens(t, f, nelem(f));

	for (int i = 0; i < m; i++)
		must(f[i] >= t && f[i] + strlen(f[i]) <= t + n);
	m = str_fields(u, f, nelem(f), "!/ ");
	for (int i = 0; i < m; i++)
		must(f[i] >= u && f[i] + strlen(f[i]) <= u + n && f[i][0] != '\0');
}

static void quoted(const char *s)
{
	autobuf Buf b = { 0 };
	char *f[2];

	str_quote(&b, s);
	must(str_tokens(b.p, f, 2) == 1 && strcmp(f[0], s) == 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	autofree char *s = NULL;

	if (n > 4096)
		return 0;
	s = mem_strn((const char *)data, n);
	clean(s, strlen(s));
	tokens(s, strlen(s));
	quoted(s);
	return 0;
}
