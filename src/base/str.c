#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>

int str_cpy(char *dst, size_t n, const char *s)
{
	size_t len = strnlen(s, n);

	if (len < n) {
		memcpy(dst, s, len + 1);
		return 0;
	}
	memcpy(dst, s, n - 1);
	dst[n - 1] = '\0';
	return errset(Etoolong);
}

bool str_eq(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool str_prefix(const char *s, const char *pre)
{
	return strncmp(s, pre, strlen(pre)) == 0;
}

bool str_suffix(const char *s, const char *suf)
{
	size_t n = strlen(s), m = strlen(suf);

	return n >= m && strcmp(s + n - m, suf) == 0;
}

int str_u64(const char *s, int base, u64 max, u64 *v)
{
	char *end;
	unsigned long long x;

	errno = 0;
	x = strtoull(s, &end, base);
	if (end == s || *end != '\0' || strchr(" \t\n-+", s[0]) != NULL)
		return werrstr("'%s' is not a number", s);
	if (errno == ERANGE || x > max)
		return werrstr("number %s is above %" PRIu64, s, max);
	*v = x;
	return 0;
}

int str_int(const char *s, i64 min, i64 max, i64 *v)
{
	char *end;
	long long x;

	errno = 0;
	x = strtoll(s, &end, 10);
	if (end == s || *end != '\0' || strchr(" \t\n+", s[0]) != NULL)
		return werrstr("'%s' is not a number", s);
	if (errno == ERANGE || x < min || x > max)
		return werrstr("number %s is outside %" PRId64 "..%" PRId64, s, min, max);
	*v = x;
	return 0;
}

int str_fields(char *s, char **f, int max, const char *sep)
{
	int n = 0;

	for (s += strspn(s, sep); *s != '\0' && n < max; s += strspn(s, sep)) {
		f[n++] = s;
		s += strcspn(s, sep);
		if (*s != '\0')
			*s++ = '\0';
	}
	return n;
}

/* token ends one token in place and returns where the next may start. */
static char *token(char *s)
{
	char *to = s;
	bool quoted = false;

	for (; *s != '\0' && (quoted || strchr(" \t\r\n", *s) == NULL); s++) {
		if (*s != '\'')
			*to++ = *s;
		else if (quoted && s[1] == '\'')
			*to++ = *s++;
		else
			quoted = !quoted;
	}
	if (*s != '\0')
		s++;
	*to = '\0';
	return s;
}

int str_tokens(char *s, char **f, int max)
{
	int n = 0;

	while (n < max) {
		s += strspn(s, " \t\r\n");
		if (*s == '\0')
			break;
		f[n++] = s;
		s = token(s);
	}
	return n;
}

static bool needquote(const char *s)
{
	if (*s == '\0')
		return true;
	for (; *s != '\0'; s++)
		if ((u8)*s <= ' ' || strchr("'#;&|^$=`{}()<>[]*?~!\"\\", *s) != NULL)
			return true;
	return false;
}

void str_quote(Buf *b, const char *s)
{
	if (!needquote(s)) {
		buf_str(b, s);
		return;
	}
	buf_ch(b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_ch(b, '\'');
		buf_ch(b, *s);
	}
	buf_ch(b, '\'');
}

/* clean_elem copies or applies the element s[0..n) at the end of path[0..to), returning the new end. */
static size_t clean_elem(char *path, size_t to, const char *s, size_t n, bool rooted)
{
	size_t prev;

	if (n == 1 && s[0] == '.')
		return to;
	if (n == 2 && s[0] == '.' && s[1] == '.') {
		for (prev = to; prev > 0 && path[prev - 1] != '/'; prev--)
			;
		if (to == 0 ? rooted : !(to - prev == 2 && memcmp(path + prev, "..", 2) == 0))
			return prev > 0 ? prev - 1 : 0;
	}
	if (to > 0)
		path[to++] = '/';
	memmove(path + to, s, n);
	return to + n;
}

char *path_clean(char *path)
{
	bool rooted = path[0] == '/';
	char *base = path + rooted, *s = base;
	size_t to = 0, n;

	for (s += strspn(s, "/"); *s != '\0'; s += strspn(s, "/")) {
		n = strcspn(s, "/");
		to = clean_elem(base, to, s, n, rooted);
		s += n;
	}
	base[to] = '\0';
	if (!rooted && to == 0)
		memcpy(path, ".", 2);
	return path;
}

char *path_join(const char *dir, const char *name)
{
	return path_clean(name[0] == '/' ? mem_str(name) : mem_printf("%s/%s", dir, name));
}

const char *path_base(const char *path)
{
	const char *p = strrchr(path, '/');

	return p != NULL ? p + 1 : path;
}
