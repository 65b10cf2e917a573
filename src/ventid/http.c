#include <string.h>
#include <base/str.h>
#include <ventid/http.h>

bool http_whole(const char *p, size_t n)
{
	return memmem(p, n, "\r\n\r\n", 4) != NULL || memmem(p, n, "\n\n", 2) != NULL;
}

static int hex(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* unescape copies p[n] with %XX (and + in a query) undone; -1 if it does not fit, is no text or cannot be undone. */
static int unescape(char *to, size_t room, const char *p, size_t n, bool query)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)p[i];

		if (c == '%') {
			if (i + 2 >= n || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0)
				return -1;
			c = hex(p[i + 1]) << 4 | hex(p[i + 2]);
			i += 2;
		} else if (c == '+' && query) {
			c = ' ';
		}
		if (k + 1 >= room || c < ' ' || c == 0x7f)
			return -1;
		to[k++] = (char)c;
	}
	to[k] = '\0';
	return 0;
}

static int argument(HttpReq *r, const char *p, size_t n)
{
	const char *eq = memchr(p, '=', n);
	size_t nn = eq != NULL ? (size_t)(eq - p) : n;
	HttpArg *a = &r->arg[r->narg];

	if (n == 0)
		return 0;
	if (r->narg == HTTPARGS || unescape(a->name, sizeof a->name, p, nn, true) < 0 ||
	    unescape(a->value, sizeof a->value, eq != NULL ? eq + 1 : p, eq != NULL ? n - nn - 1 : 0, true) < 0)
		return -1;
	r->narg++;
	return 0;
}

static int target(HttpReq *r, const char *p, size_t n)
{
	const char *end = p + n, *q = memchr(p, '?', n);

	if (n == 0 || *p != '/')
		return 400;
	if (n > HTTPHEAD / 2)
		return 414;
	if (unescape(r->path, sizeof r->path, p, q != NULL ? (size_t)(q - p) : n, false) < 0)
		return 400;
	while (q != NULL && q < end) {
		const char *amp = memchr(q + 1, '&', (size_t)(end - q - 1));

		if (argument(r, q + 1, (size_t)((amp != NULL ? amp : end) - q - 1)) < 0)
			return 400;
		q = amp;
	}
	return 200;
}

static bool is(const char *p, size_t n, const char *word) { return n == strlen(word) && memcmp(p, word, n) == 0; }

int http_parse(const char *p, size_t n, HttpReq *r)
{
	const char *eol = memchr(p, '\n', n), *sp, *sp2;
	size_t len;

	memset(r, 0, sizeof *r);
	if (eol == NULL)
		return 400;
	len = (size_t)(eol - p);
	if (len > 0 && p[len - 1] == '\r')
		len--;
	sp = memchr(p, ' ', len);
	sp2 = sp != NULL ? memchr(sp + 1, ' ', len - (size_t)(sp + 1 - p)) : NULL;
	if (sp2 == NULL)
		return 400;
	if (len - (size_t)(sp2 + 1 - p) < 8 || memcmp(sp2 + 1, "HTTP/1.", 7) != 0)
		return 505;
	r->head = is(p, (size_t)(sp - p), "HEAD");
	if (!r->head && !is(p, (size_t)(sp - p), "GET"))
		return 405;
	return target(r, sp + 1, (size_t)(sp2 - sp - 1));
}

const char *http_arg(const HttpReq *r, const char *name, const char *def)
{
	for (int i = 0; i < r->narg; i++)
		if (strcmp(r->arg[i].name, name) == 0 && r->arg[i].value[0] != '\0')
			return r->arg[i].value;
	return def;
}

i64 http_number(const HttpReq *r, const char *name, i64 def)
{
	const char *s = http_arg(r, name, NULL);
	i64 v;

	return s != NULL && str_int(s, INT32_MIN, INT64_MAX / 2, &v) == 0 ? v : def;
}

const char *http_reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 414:
		return "URI Too Long";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Internal Server Error";
	}
}

void http_escape(Buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		switch (*s) {
		case '<':
			buf_str(b, "&lt;");
			break;
		case '>':
			buf_str(b, "&gt;");
			break;
		case '&':
			buf_str(b, "&amp;");
			break;
		case '"':
			buf_str(b, "&quot;");
			break;
		default:
			buf_ch(b, *s);
		}
}
