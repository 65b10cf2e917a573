/*
 * Following arenas.  A round goes through all partitions and arenas in their
 * order, reads on where the mirror is, and sends what it finds with many
 * blocks on the way; the place moves on only behind a sync.  The end of an
 * arena is where no clump is: the tail on the disk is older than the newest
 * clumps while a venti writes.
 *
 * A source that lost its newest clumps in a crash writes others in their
 * place.  So the last clump sent is looked at first, and when it is another
 * the arena is sent from its beginning: blocks that are there cost little.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <arena/clump.h>
#include <base/err.h>
#include <base/mem.h>
#include <base/str.h>
#include "tool.h"
#include "ventimirror.h"

enum { WINDOW = 64, SYNCBYTES = 64 << 20, DAMAGE = 1 << 20, STATEMAX = 16 << 20 };

static int parse(Places *s, char *line, int no)
{
	char *f[6];
	Place p = { 0 };

	if (str_tokens(line, f, 6) != 5 || str_u64(f[2], 10, UINT64_MAX, &p.next) < 0 || str_u64(f[3], 10, UINT64_MAX, &p.last) < 0 ||
	    score_parse(f[4], &p.score, NULL, 0) < 0)
		return werrstr("%s:%d: not 'host arena next last score'", s->file, no);
	p.host = mem_str(f[0]);
	p.arena = mem_str(f[1]);
	s->p = mem_grow(s->p, (size_t)s->n + 1, sizeof *s->p);
	s->p[s->n++] = p;
	return 0;
}

int places_load(Places *s, const char *file)
{
	autofree char *text = NULL;
	char *l, *next;
	int no = 0;

	*s = (Places){ .file = mem_str(file) };
	lock_init(&s->lk, RankLeaf);
	if (access(file, F_OK) < 0)
		return 0;
	text = io_slurp(AT_FDCWD, file, STATEMAX, NULL);
	if (text == NULL)
		return -1;
	for (l = text; *l != '\0'; l = next) {
		next = l + strcspn(l, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (parse(s, l, ++no) < 0)
			return -1;
	}
	return 0;
}

void places_free(Places *s)
{
	for (int i = 0; i < s->n; i++) {
		free(s->p[i].host);
		free(s->p[i].arena);
	}
	free(s->p);
	free(s->file);
}

static Place *find(Places *s, const char *host, const char *arena)
{
	for (int i = 0; i < s->n; i++)
		if (strcmp(s->p[i].host, host) == 0 && strcmp(s->p[i].arena, arena) == 0)
			return &s->p[i];
	return NULL;
}

Place places_get(Places *s, const char *host, const char *arena)
{
	Place *at, p = { (char *)(uintptr_t)host, (char *)(uintptr_t)arena, 0, 0, score_zero };

	lock(&s->lk);
	at = find(s, host, arena);
	if (at != NULL) {
		p.next = at->next;
		p.last = at->last;
		p.score = at->score;
	}
	unlock(&s->lk);
	return p;
}

/* save replaces the file */
static int save(Places *s)
{
	autofree char *tmp = mem_printf("%s.new", s->file);
	autobuf Buf b = { 0 };
	char hex[SCORETEXT];
	autofd int fd = -1;

	for (int i = 0; i < s->n; i++) {
		str_quote(&b, s->p[i].host);
		buf_ch(&b, ' ');
		str_quote(&b, s->p[i].arena);
		buf_printf(&b, " %" PRIu64 " %" PRIu64 " %s\n", s->p[i].next, s->p[i].last, score_print(&s->p[i].score, hex));
	}
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || io_writen(fd, b.p, b.n) < 0 || fsync(fd) < 0 || rename(tmp, s->file) < 0)
		return os_werr("%s", s->file);
	return 0;
}

int places_set(Places *s, const Place *p)
{
	Place *at;
	int rc;

	lock(&s->lk);
	at = find(s, p->host, p->arena);
	if (at == NULL) {
		s->p = mem_grow(s->p, (size_t)s->n + 1, sizeof *s->p);
		at = &s->p[s->n++];
		*at = (Place){ .host = mem_str(p->host), .arena = mem_str(p->arena) };
	}
	at->next = p->next;
	at->last = p->last;
	at->score = p->score;
	rc = save(s);
	unlock(&s->lk);
	return rc;
}

typedef struct Send {
	Mirror *m;
	Venti *v;
	VReq r[WINDOW];
	u8 *p[WINDOW];
	u32 first, last;
	u64 unsynced; /* bytes */
} Send;

static int land(Send *s, u32 most)
{
	int rc = 0;

	while (s->last - s->first > most) {
		VReq *r = &s->r[s->first++ % WINDOW];

		if (vreq_wait(s->v, r) < 0)
			rc = -1;
	}
	return rc;
}

static int launch(Send *s, const Clump *c, const u8 *data)
{
	u32 i = s->last % WINDOW;
	VReq *r = &s->r[i];

	if (land(s, WINDOW - 1) < 0)
		return -1;
	if (s->p[i] == NULL)
		s->p[i] = mem_new(CLUMPMAX);
	if (clump_unpack(c, data, s->p[i]) < 0)
		return -1;
	*r = (VReq){ .op = MsgWrite, .type = c->info.type, .p = s->p[i], .n = c->info.data };
	s->last++;
	vreq_start(s->v, &r, 1);
	s->unsynced += c->info.data;
	s->m->blocks++;
	s->m->bytes += c->info.data;
	return 0;
}

/* settle makes what was sent sure and moves the place on */
static int settle(Send *s, const Place *p)
{
	if (land(s, 0) < 0 || venti_sync(s->v) < 0)
		return -1;
	s->unsynced = 0;
	return places_set(s->m->places, p);
}

/* resume checks that the clump before p->next still is the one that was sent, or begins again */
static void resume(Arena *a, Place *p)
{
	ClumpScan scan;
	const u8 *data;
	Clump c;

	if (p->next == 0)
		return;
	scan_begin(&scan, a, p->last, a->room);
	if (scan_next(&scan, &c, &data, false) != 1 || scan.at != p->next || !score_eq(&c.info.score, &p->score)) {
		tool_warn("%s: arena %s is not what it was: its blocks are sent again", p->host, a->t.name);
		p->next = p->last = 0;
		p->score = score_zero;
	}
	scan_end(&scan);
}

/* damaged says whether scanning can go on behind a place where there is no clump */
static bool damaged(Send *s, Arena *a, ClumpScan *scan)
{
	u64 at = scan->at;

	if (at >= a->t.st.used || !scan_find(scan, DAMAGE))
		return false;
	tool_warn("arena %s: no block at %" PRIu64 ": %" PRIu64 " bytes are left out", a->t.name, at, scan->at - at);
	s->m->bad++;
	return true;
}

static int follow(Send *s, Arena *a, Place *p)
{
	ClumpScan scan;
	const u8 *data;
	Clump c;
	int rc = 0, got;

	scan_begin(&scan, a, p->next, a->room);
	while (rc == 0 && !s->m->stop()) {
		u64 at = scan.at;

		got = scan_next(&scan, &c, &data, true);
		if (got == -2)
			rc = -1;
		else if (got <= 0 && damaged(s, a, &scan))
			continue;
		if (got <= 0)
			break;
		if (c.info.type != TypeCorrupt)
			rc = launch(s, &c, data);
		p->last = at;
		p->next = scan.at;
		p->score = c.info.score;
		if (rc == 0 && s->unsynced > SYNCBYTES)
			rc = settle(s, p);
	}
	scan_end(&scan);
	return rc;
}

static int arena(Send *s, Arena *a)
{
	Place p = places_get(s->m->places, s->m->host, a->t.name);
	u64 from = p.next;
	int rc;

	if (p.next > 0 && p.next == a->t.st.used && a->t.st.sealed)
		return 0;
	resume(a, &p);
	rc = follow(s, a, &p);
	if (rc == 0 && p.next != from)
		rc = settle(s, &p);
	if (rc < 0)
		return werrstr("arena %s: %s", a->t.name, rerrstr());
	if (s->m->verbose && p.next != from)
		fprintf(stderr, "%s: arena %s is there up to %" PRIu64 "%s\n", s->m->host, a->t.name, p.next,
			a->t.st.sealed && p.next >= a->t.st.used ? ", its end" : "");
	if (p.next < a->t.st.used)
		s->m->behind += a->t.st.used - p.next;
	return 0;
}

int mirror_round(Mirror *m, Venti *v)
{
	Send *s = mem_new(sizeof *s);
	int rc = 0;

	s->m = m;
	s->v = v;
	m->behind = 0;
	for (int i = 0; i < m->npart && rc == 0; i++) {
		Part *p = part_open(m->part[i], DiskRead);

		if (p == NULL)
			rc = -1;
		for (int k = 0; p != NULL && k < p->n && rc == 0; k++)
			rc = arena(s, p->arena[k]);
		if (p != NULL)
			part_close(p);
	}
	if (land(s, 0) < 0)
		rc = -1;
	for (int i = 0; i < WINDOW; i++)
		free(s->p[i]);
	free(s);
	return rc;
}

int mirror_behind(Mirror *m, u64 *bytes)
{
	*bytes = 0;
	for (int i = 0; i < m->npart; i++) {
		Part *p = part_open(m->part[i], DiskRead);

		if (p == NULL)
			return -1;
		for (int k = 0; k < p->n; k++) {
			Place at = places_get(m->places, m->host, p->arena[k]->t.name);

			*bytes += at.next < p->arena[k]->t.st.used ? p->arena[k]->t.st.used - at.next : 0;
		}
		part_close(p);
	}
	return 0;
}
