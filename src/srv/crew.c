#include <stdlib.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>
#include <os/thread.h>
#include <srv/crew.h>

enum { IDLEMAX = 2, IDLEMS = 10000 }; /* spare threads kept, and for how long */

struct Crew {
	const char *name;
	bool (*step)(void *arg);
	void *arg;
	int max;

	Lock lk; /* protects all below */
	Cond change;
	int n, idle;
	bool led, ended;
};

static _Thread_local Crew *mine; /* the crew this thread works in */
static _Thread_local bool left;  /* it gave up the lead inside the current step */

Crew *crew_new(const char *name, bool (*step)(void *arg), void *arg, int max)
{
	Crew *c = mem_new(sizeof *c);

	c->name = name;
	c->step = step;
	c->arg = arg;
	c->max = max;
	lock_init(&c->lk, RankLeaf);
	cond_init(&c->change);
	return c;
}

/* follow waits for the lead; false when this thread is not needed any more. */
static bool follow(Crew *c)
{
	bool stay = true;

	while (c->led && !c->ended && stay) {
		if (c->idle >= IDLEMAX)
			return false;
		c->idle++;
		stay = cond_wait(&c->change, &c->lk, IDLEMS);
		c->idle--;
	}
	return !c->ended && !c->led;
}

static void work(Crew *c)
{
	bool more;

	mine = c;
	lock(&c->lk);
	while (follow(c)) {
		c->led = true;
		unlock(&c->lk);
		left = false;
		do
			more = c->step(c->arg);
		while (more && !left);
		lock(&c->lk);
		if (!left)
			c->led = false;
		if (!more)
			c->ended = true;
		cond_all(&c->change);
	}
	c->n--;
	cond_all(&c->change);
	unlock(&c->lk);
	mine = NULL;
}

static void member(void *arg)
{
	work(arg);
}

void crew_run(Crew *c)
{
	lock(&c->lk);
	c->n++;
	unlock(&c->lk);
	work(c);
	lock(&c->lk);
	while (!c->ended)
		cond_wait(&c->change, &c->lk, -1);
	unlock(&c->lk);
}

int crew_start(Crew *c)
{
	lock(&c->lk);
	c->n++;
	unlock(&c->lk);
	if (thread_start(c->name, member, c) == 0)
		return 0;
	lock(&c->lk);
	c->n--;
	unlock(&c->lk);
	return -1;
}

/* promote finds a thread to lead in place of the caller. */
static int promote(Crew *c)
{
	bool spare;

	lock(&c->lk);
	spare = c->idle > 0;
	if (!spare && c->n >= c->max) {
		unlock(&c->lk);
		return errset(Ebusy);
	}
	c->led = false;
	if (spare)
		cond_one(&c->change);
	unlock(&c->lk);
	if (!spare && crew_start(c) < 0) {
		lock(&c->lk);
		c->led = true;
		unlock(&c->lk);
		return -1;
	}
	return 0;
}

int crew_leave(void)
{
	if (mine == NULL || left)
		return 0;
	if (promote(mine) < 0)
		return -1;
	left = true;
	return 0;
}

void crew_free(Crew *c)
{
	if (c == NULL)
		return;
	lock(&c->lk);
	while (c->n > 0)
		cond_wait(&c->change, &c->lk, -1);
	unlock(&c->lk);
	free(c);
}
