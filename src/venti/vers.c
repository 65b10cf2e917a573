/* The line that each side of a venti connection begins with: venti-04:02-comment. */
#include <stdio.h>
#include <string.h>
#include <base/err.h>
#include <venti/msg.h>

static const struct {
	int vers;
	const char *text;
} known[] = { { Vers04, "04" }, { Vers02, "02" } }; /* newest first */

static const char prefix[] = "venti-";

const char *vers_text(int vers)
{
	for (size_t i = 0; i < nelem(known); i++)
		if (known[i].vers == vers)
			return known[i].text;
	return "?";
}

int vers_line(int set, const char *comment, char *p)
{
	int n = snprintf(p, VERSLINE, "%s", prefix);
	bool first = true;

	for (size_t i = 0; i < nelem(known); i++)
		if ((set & 1 << known[i].vers) != 0) {
			n += snprintf(p + n, (size_t)(VERSLINE - n), "%s%s", first ? "" : ":", known[i].text);
			first = false;
		}
	return n + snprintf(p + n, (size_t)(VERSLINE - n), "-%.100s\n", comment);
}

/* choose finds the first version of the list text[n] that is in set */
static int choose(const char *text, size_t n, int set)
{
	size_t len;

	for (; n > 0; text += len, n -= len) {
		len = 0;
		while (len < n && text[len] != ':')
			len++;
		for (size_t i = 0; i < nelem(known); i++)
			if ((set & 1 << known[i].vers) != 0 && len == 2 && memcmp(text, known[i].text, 2) == 0)
				return known[i].vers;
		if (len < n)
			len++; /* the colon */
	}
	return werrstr("no version of the venti protocol in common");
}

/* check says whether the n bytes can be the beginning of a line */
static int check(const u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] > 0x7e || (i < sizeof prefix - 1 && p[i] != (u8)prefix[i]))
			return werrstr("the other side does not speak venti: no version line");
	return n >= VERSLINE ? werrstr("the other side's venti version line is too long") : 0;
}

int vers_parse(const u8 *p, size_t n, int set, int *vers)
{
	const u8 *nl = n > 0 ? memchr(p, '\n', n < VERSLINE ? n : VERSLINE) : NULL;
	size_t len = nl != NULL ? (size_t)(nl - p) : n, skip = sizeof prefix - 1;
	const char *text = (const char *)p + skip;
	const char *dash;

	if (check(p, len) < 0)
		return -1;
	if (nl == NULL)
		return 0;
	if (len < skip)
		return werrstr("the other side does not speak venti: no version line");
	dash = memchr(text, '-', len - skip);
	*vers = choose(text, dash != NULL ? (size_t)(dash - text) : len - skip, set);
	return *vers < 0 ? -1 : (int)len + 1;
}
