#include <string.h>
#include "cmds.h"
#include "csdb.h"
#include "tool.h"

typedef struct Query {
	const char *rattr; /* NULL: whole entries */
	bool all, multi;
	int n;
} Query;

static void put(const char *attr, const char *val)
{
	bool quote = strpbrk(val, " \t#") != NULL;

	printf(quote ? "%s=\"%s\"" : "%s=%s", attr, val);
}

static bool entry(const NdbEntry *e, void *arg)
{
	Query *q = arg;

	for (int i = 0; i < e->npair; i++) {
		if (q->rattr == NULL) {
			put(e->pair[i].attr, e->pair[i].val);
			putchar(i + 1 < e->npair ? ' ' : '\n');
			q->n++;
		} else if (strcmp(e->pair[i].attr, q->rattr) == 0) {
			puts(e->pair[i].val);
			q->n++;
			if (!q->multi && !q->all)
				break;
		}
	}
	return q->n > 0 && !q->all;
}

int cmd_ndb_query(int argc, char **argv)
{
	const char *file = "/lib/ndb/local", *mtpt = NULL, *val;
	Query q = { NULL, false, false, 0 };
	bool ipinfo = false;
	Csdb *db;
	Args a;
	Ip ip;
	int k;

	args_init(&a, argc, argv, "ndb/query [-aim] [-f ndbfile] [-x mtpt] attr value [rattr]");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'a': q.all = true; break;
		case 'm': q.multi = true; break;
		case 'i': ipinfo = true; break;
		case 'f': file = args_value(&a); break;
		case 'x': mtpt = args_value(&a); break;
		default: args_usage(&a);
		}
	if (a.argc < 2 || a.argc > 3 || (ipinfo && a.argc != 3))
		args_usage(&a);
	q.rattr = a.argc == 3 ? a.argv[2] : NULL;
	db = csdb_open(file, mtpt);
	if (ipinfo) {
		if (strcmp(a.argv[0], "ip") != 0 || ip_parse(a.argv[1], &ip) < 0)
			tool_die("-i: only 'ip address' is implemented");
		val = csdb_ipattr(db, &ip, q.rattr);
		q.n = val != NULL;
		if (val != NULL)
			puts(val);
	} else {
		csdb_find(db, a.argv[0], a.argv[1], entry, &q);
	}
	csdb_free(db);
	return tool_end(q.n == 0);
}
