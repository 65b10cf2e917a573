/*
 * Sends an arena's blocks to a venti, with many on the way; begins at a
 * clump's offset and says where it ended, so that the next run goes on there.
 */
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/str.h>
#include <venti/client.h>
#include "cmds.h"
#include "vtool.h"

enum { WINDOW = 64 };

typedef struct Slot {
	VReq r;
	u8 *p;
	u64 at;
	bool busy;
} Slot;

typedef struct Send {
	Venti *v; /* NULL: to nobody (-h /dev/null) */
	Slot slot[WINDOW];
	int next;
	bool verbose;
	u64 left; /* clumps to be sent */
	Progress pr;
} Send;

static void land(Send *s, Slot *t)
{
	char hex[SCORETEXT];

	if (!t->busy)
		return;
	t->busy = false;
	if (vreq_wait(s->v, &t->r) < 0)
		tool_die("failed writing clump %llu: %s", (unsigned long long)t->at, rerrstr());
	if (s->verbose)
		printf("%s\n", score_print(&t->r.score, hex));
}

static void launch(Send *s, const Clump *c, const u8 *data, u64 at)
{
	Slot *t = &s->slot[s->next++ % WINDOW];
	VReq *r = &t->r;

	land(s, t);
	if (t->p == NULL)
		t->p = mem_new(CLUMPMAX);
	if (clump_unpack(c, data, t->p) < 0)
		tool_die("clump %llu: %s", (unsigned long long)at, rerrstr());
	if (s->v == NULL)
		return;
	t->r = (VReq){ .op = MsgWrite, .type = c->info.type, .p = t->p, .n = c->info.data };
	t->at = at;
	t->busy = true;
	vreq_start(s->v, &r, 1);
}

/* a damaged clump is told and left out: the directory says how long it is */
static bool skip(ClumpScan *s, Arena *a, u64 number)
{
	ClumpInfo ci;

	tool_warn("clump %llu: %s", (unsigned long long)s->at, rerrstr());
	if (number >= a->t.st.clumps || arena_getdir(a, (u32)number, 1, &ci) < 0)
		return scan_find(s, a->room);
	s->at += CLUMP + (u64)ci.size;
	return true;
}

/* the number of the clump at offset from: by the directory */
static u64 number_of(Arena *a, u64 from)
{
	ClumpInfo *ci = mem_array((size_t)a->t.st.clumps + 1, sizeof *ci);
	u64 at = 0, n = 0;

	if (from > 0 && arena_getdir(a, 0, a->t.st.clumps, ci) < 0)
		tool_die("%s", rerrstr());
	for (; at < from && n < a->t.st.clumps; n++)
		at += CLUMP + (u64)ci[n].size;
	free(ci);
	if (at != from)
		tool_die("there is no clump at offset %#llx", (unsigned long long)from);
	return n;
}

static u64 send_arena(Send *s, Arena *a, u64 from)
{
	u64 number = number_of(a, from), end;
	ClumpScan scan;
	const u8 *data;
	int rc = 1;
	Clump c;

	fprintf(stderr, "wrarena: copying %s to venti\n", a->t.name);
	vtool_arena(a);
	s->pr = (Progress){ .what = a->t.name, .total = a->t.st.used };
	scan_begin(&scan, a, from, a->room);
	for (u64 at = from; s->left > 0 && at < a->t.st.used; at = scan.at, number++, s->left--) {
		rc = scan_next(&scan, &c, &data, true);
		if (rc == 1 && c.info.type != TypeCorrupt)
			launch(s, &c, data, at);
		else if (rc != 1 && (rc == 0 || !skip(&scan, a, number)))
			break;
		(void)progress_to(&s->pr, scan.at);
	}
	progress_end(&s->pr);
	for (int i = 0; i < WINDOW; i++)
		land(s, &s->slot[(s->next + i) % WINDOW]);
	end = scan.at;
	scan_end(&scan);
	return end;
}

static u64 number(const char *t)
{
	u64 v;

	if (str_u64(t, 0, UINT64_MAX, &v) < 0)
		tool_die("%s", rerrstr());
	return v;
}

static u64 send_file(Send *s, const char *file, bool single, u64 off, u64 from)
{
	Disk *d = vtool_disk(file, DiskRead);
	Part *p = single ? NULL : part_load(d);
	Arena *a;
	u64 end = 0;

	for (int i = 0; p != NULL && i < p->n; i++)
		if (p->arena[i]->t.st.clumps > 0)
			end = send_arena(s, p->arena[i], 0);
	if (p != NULL) {
		part_close(p);
		return end;
	}
	a = arena_single(d, off);
	if (a == NULL)
		tool_die("%s", rerrstr());
	end = send_arena(s, a, from);
	arena_free(a);
	disk_close(d);
	return end;
}

int cmd_venti_wrarena(int argc, char **argv)
{
	Args a;
	Send s = { .left = UINT64_MAX };
	const char *host = NULL;
	bool single = false;
	u64 off = 0, end;

	args_init(&a, argc, argv, "venti/wrarena [-fv] [-h host] [-M clumps] [-o fileoffset] arenafile [clumpoffset]");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'f': break; /* plan9port: no checks; they cost nothing here */
		case 'h': host = args_value(&a); break;
		case 'M': s.left = number(args_value(&a)); break;
		case 'o': off = number(args_value(&a)); single = true; break;
		case 'v': s.verbose = true; break;
		default: args_usage(&a);
		}
	if (a.argc < 1 || a.argc > 2)
		args_usage(&a);
	if ((host == NULL || strcmp(host, "/dev/null") != 0) && (s.v = venti_dial(host, NULL)) == NULL)
		tool_die("%s", rerrstr());
	end = send_file(&s, a.argv[0], single || a.argc == 2, off, a.argc == 2 ? number(a.argv[1]) : 0);
	if (s.v != NULL && venti_sync(s.v) < 0)
		tool_die("sync: %s", rerrstr());
	if (single || a.argc == 2)
		printf("end offset %#llx\n", (unsigned long long)end);
	for (int i = 0; i < WINDOW; i++)
		free(s.slot[i].p);
	venti_close(s.v);
	return tool_end(0);
}
