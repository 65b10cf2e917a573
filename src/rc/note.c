/*
 * Notes.  Signals are counted by a handler and dealt with between commands:
 * by the function of that name if there is one; else an interrupt takes an
 * interactive rc back to its prompt, and anything ends it otherwise.  A
 * forked copy has no handlers: it dies of the signal.  So does rc itself of a
 * SIGFPE that is its own instruction's: only one that was sent is a note.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

static const struct {
	int sig;
	const char *name;
} notes[] = {
	{ SIGHUP, "sighup" },   { SIGINT, "sigint" },   { SIGQUIT, "sigquit" }, { SIGALRM, "sigalrm" },
	{ SIGTERM, "sigterm" }, { SIGUSR1, "sigusr1" }, { SIGUSR2, "sigusr2" }, { SIGFPE, "sigfpe" },
};

volatile int note_pending;
static volatile sig_atomic_t pending[nelem(notes)];
static bool ours[nelem(notes)]; /* not ignored when we started */

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (sig == SIGFPE && info->si_code > 0)
		signal(sig, SIG_DFL);
	for (size_t i = 0; i < nelem(notes); i++)
		if (notes[i].sig == sig) {
			pending[i] = 1;
			note_pending = 1;
		}
}

void note_init(void)
{
	struct sigaction a = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO }, old;

	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < nelem(notes); i++) {
		ours[i] = sigaction(notes[i].sig, NULL, &old) == 0 && old.sa_handler != SIG_IGN;
		if (ours[i])
			sigaction(notes[i].sig, &a, NULL);
	}
}

void note_sub(void)
{
	for (size_t i = 0; i < nelem(notes); i++) {
		if (ours[i])
			signal(notes[i].sig, SIG_DFL);
		pending[i] = 0;
	}
	note_pending = 0;
}

bool note_isname(const char *name)
{
	for (size_t i = 0; i < nelem(notes); i++)
		if (strcmp(name, notes[i].name) == 0)
			return true;
	return strcmp(name, "sigexit") == 0;
}

bool note_handled(void)
{
	Var *v = var_find("sigexit");

	if (v != NULL && v->fn != NULL)
		return true;
	for (size_t i = 0; i < nelem(notes); i++) {
		v = var_find(notes[i].name);
		if (v != NULL && v->fn != NULL)
			return true;
	}
	return false;
}

static int died; /* of which signal: rc_main passes it on */

void note_default(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);
	_exit(128 + sig);
}

int note_died(void)
{
	return died;
}

Flow note_run(void)
{
	Flow f = Go;

	note_pending = 0;
	for (size_t i = 0; i < nelem(notes) && f == Go; i++) {
		Var *v = var_find(notes[i].name);

		if (!pending[i])
			continue;
		pending[i] = 0;
		if (v != NULL && v->fn != NULL) {
			Value *star = sh.star->val;

			if (star != NULL)
				star->ref++;
			f = fn_call(v, star, 0);
		} else if (notes[i].sig == SIGINT || notes[i].sig == SIGQUIT) {
			status_set(notes[i].name);
			died = notes[i].sig;
			f = Intr;
		} else {
			status_set(notes[i].name);
			died = notes[i].sig;
			f = Quit;
		}
	}
	return f;
}
