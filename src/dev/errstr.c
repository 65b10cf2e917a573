/*
 * Error texts for those who get only an errno: Plan 9's errstr(2), a thread
 * at a time, as the file #c/errstr.
 *
 * A text is kept from the refusal of a request until the thread reads it or
 * makes another request.  The table is as big as it is: two threads whose
 * numbers fall on one slot keep the later text.  A number that is another
 * process's by now shows nothing: that process was started after the text.
 */
#include <stdlib.h>
#include <string.h>
#include <base/buf.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/procinfo.h>
#include "kernpriv.h"

enum { SLOTS = 1024, HZ = 100 };

typedef struct Text {
	u32 tid; /* atomic; 0: none */
	u32 uid;
	int no;
	i64 when; /* clock_boot */
	char *text;
} Text;

struct Errstr {
	Lock lk; /* protects what is in the slots */
	Text slot[SLOTS];
};

void errstr_init(Kern *k)
{
	k->errstr = mem_new(sizeof *k->errstr);
	lock_init(&k->errstr->lk, RankLeaf);
}

static void clear(Text *t)
{
	__atomic_store_n(&t->tid, 0, __ATOMIC_RELAXED);
	free(t->text);
	t->text = NULL;
}

/* clean copies text without what would do something to a terminal. */
static char *clean(const char *text)
{
	char *s = mem_str(text);

	for (char *p = s; *p != '\0'; p++)
		if ((u8)*p < ' ' || *p == 0x7F)
			*p = '?';
	return s;
}

void kern_refused(void *arg, const Caller *c, int no, const char *text)
{
	Kern *k = arg;
	Errstr *e = k->errstr;
	Text *t = &e->slot[c->pid % SLOTS];

	/* nobody else writes this thread's slot while it waits for its answer, but for the table's being small */
	if (text == NULL && __atomic_load_n(&t->tid, __ATOMIC_RELAXED) != c->pid)
		return;
	lock(&e->lk);
	if (text != NULL || t->tid == c->pid)
		clear(t);
	if (text != NULL) {
		t->uid = c->uid;
		t->no = no;
		t->when = clock_boot();
		t->text = clean(text);
		__atomic_store_n(&t->tid, c->pid, __ATOMIC_RELAXED);
	}
	unlock(&e->lk);
}

char *errstr_text(Kern *k, Req *r)
{
	Errstr *e = k->errstr;
	u32 tid = r->caller.pid;
	i64 began = tid != 0 && tid != NoPid ? (i64)proc_start(tid) * (1000 / HZ) : -1;
	Text *t = &e->slot[tid % SLOTS];
	Buf b = { 0 };

	lock(&e->lk);
	if (began >= 0 && t->tid == tid) {
		if (t->uid == r->caller.uid && began <= t->when)
			buf_printf(&b, "%d %s\n", t->no, t->text);
		clear(t);
	}
	unlock(&e->lk);
	return buf_take(&b);
}
