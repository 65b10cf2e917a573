#include <stdlib.h>
#include <string.h>
#include <base/str.h>
#include "tool.h"
#include "ventitool.h"

bool ventitool_trace;

int ventitool_wire(int type)
{
	int depth = type & TypeDepth;

	if (type == TypeRoot)
		return VtRoot;
	if (depth > 0)
		return VtPointer0 + depth - 1;
	return type == TypeDir ? VtDir : VtData;
}

int ventitool_type(const char *s)
{
	static const struct {
		const char *name;
		int type;
	} names[] = { { "data", TypeData }, { "dir", TypeDir }, { "root", TypeRoot } };
	u64 n, depth = 0;

	for (size_t i = 0; i < nelem(names); i++) {
		size_t len = strlen(names[i].name);

		if (!str_prefix(s, names[i].name) || (s[len] != '\0' && s[len] != '+') || names[i].type == TypeRoot)
			continue;
		if (s[len] == '+' && str_u64(s + len + 1, 10, TypeDepth, &depth) < 0)
			tool_die("%s", rerrstr());
		return names[i].type + (int)depth;
	}
	if (strcmp(s, "root") == 0)
		return TypeRoot;
	if (str_u64(s, 10, TypeMax - 1, &n) < 0)
		tool_die("type '%s': it is a number from 0 to %d, or data, dir or root", s, TypeMax - 1);
	return (int)n;
}

Venti *ventitool_dial(const char *host, int conns)
{
	VentiOpts o = { .conns = conns, .trace = ventitool_trace };
	Venti *v = venti_dial(host, &o);

	if (v == NULL)
		tool_die("%s", rerrstr());
	return v;
}

Score ventitool_score(const char *s)
{
	char label[64];
	Score a;

	if (score_parse(s, &a, label, sizeof label) < 0)
		tool_die("%s", rerrstr());
	return a;
}

int ventitool_find(Venti *v, const Score *s, u8 *p, long *n)
{
	char hex[SCORETEXT];

	for (int t = 0; t < TypeMax; t++) {
		if (t > TypeDir && t < TypeRoot)
			continue; /* pointers have the same types on the wire, below data or directories */
		*n = venti_read(v, s, ventitool_wire(t), p, BLOCKMAX);
		if (*n >= 0)
			return t;
		if (strstr(rerrstr(), "no block with") == NULL)
			return -1;
	}
	return werrstr("there is no block %s of any type", score_print(s, hex));
}
