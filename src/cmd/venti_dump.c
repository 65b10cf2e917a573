/* venti/dump: a tree of blocks as text. */
#include <inttypes.h>
#include <stdlib.h>
#include <base/mem.h>
#include <venti/entry.h>
#include "cmds.h"
#include "tool.h"
#include "ventitool.h"

enum { DEEPEST = 200 }; /* levels below the first block that are followed */

static Venti *v;

static void dump(int indent, const Score *s, int type);

static void line(int indent)
{
	printf("%*s", 4 * indent, "");
}

static void dump_root(int indent, const u8 *p, long n)
{
	char hex[SCORETEXT];
	Root r;

	if (n != ROOT || root_unpack(&r, p) < 0) {
		printf("error unpacking root: %s\n", n != ROOT ? "its size is wrong" : rerrstr());
		return;
	}
	printf("root name=%s type=%s prev=%s bsize=%u\n", r.name, r.type, score_print(&r.prev, hex), r.blocksize);
	dump(indent + 1, &r.score, TypeDir);
}

static void dump_dir(int indent, const u8 *p, long n)
{
	char hex[SCORETEXT];
	Entry e;

	printf("dir n=%ld\n", n);
	for (int i = 0; (long)(i + 1) * ENTRY <= n; i++) {
		int rc = entry_unpack(&e, p + (long)i * ENTRY);

		line(indent + 1);
		if (rc < 0) {
			printf("%d: cannot unpack: %s\n", i, rerrstr());
			continue;
		}
		printf("%d: gen=%#x psize=%u dsize=%u type=%d flags=%#x size=%" PRIu64 " score=%s\n", i, e.gen, e.psize, e.dsize,
		       (e.dir ? TypeDir : TypeData) + e.depth, e.flags, e.size, score_print(&e.score, hex));
		if (e.flags & EntryActive)
			dump(indent + 2, &e.score, (e.dir ? TypeDir : TypeData) + e.depth);
	}
}

static void dump_data(int indent, const u8 *p, long n)
{
	printf("data n=%ld", n);
	for (long i = 0; i < n; i++) {
		if (i % 16 == 0) {
			printf("\n");
			line(indent + 1);
		}
		printf(" %02x", p[i]);
	}
	printf("\n");
}

static void dump_pointers(int indent, const u8 *p, long n, int type)
{
	printf("%s+%d\n", type >= TypeDir ? "dir" : "data", type & TypeDepth);
	for (long i = 0; i + SCORE <= n; i += SCORE) {
		Score s;

		for (int k = 0; k < SCORE; k++)
			s.b[k] = p[i + k];
		dump(indent + 1, &s, type - 1);
	}
}

static void dump(int indent, const Score *s, int type)
{
	autofree u8 *p = mem_new(BLOCKMAX);
	char hex[SCORETEXT];
	long n = venti_read(v, s, ventitool_wire(type), p, BLOCKMAX);

	line(indent);
	if (n < 0 || indent > DEEPEST) {
		printf("error reading %s: %s\n", score_print(s, hex), n < 0 ? rerrstr() : "nested too deeply");
		return;
	}
	printf("%s ", score_print(s, hex));
	if (type == TypeRoot)
		dump_root(indent, p, n);
	else if (type == TypeDir)
		dump_dir(indent, p, n);
	else if (type == TypeData)
		dump_data(indent, p, n);
	else
		dump_pointers(indent, p, n, type);
}

int cmd_venti_dump(int argc, char **argv)
{
	const char *host = NULL;
	static u8 buf[BLOCKMAX];
	int type;
	long n;
	Score s;
	Args a;

	args_init(&a, argc, argv, "venti/dump [-h host] score");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'h':
			host = args_value(&a);
			break;
		default:
			args_usage(&a);
		}
	if (a.argc != 1)
		args_usage(&a);
	s = ventitool_score(a.argv[0]);
	v = ventitool_dial(host, 1);
	type = ventitool_find(v, &s, buf, &n);
	if (type < 0)
		tool_die("cannot find block %s: %s", a.argv[0], rerrstr());
	dump(0, &s, type);
	venti_close(v);
	return tool_end(0);
}
