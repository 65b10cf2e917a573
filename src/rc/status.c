/*
 * $status.  Success is the empty string (Linux's exit code 0), an exit code
 * its number, a signal its name ("sigint"), what rc itself finds wrong a
 * text.  A pipe line's is all of them joined by bars.  Who assigns a list
 * finds it in $status until the next command sets that; what it says is
 * its first word.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/str.h>
#include "sh.h"

static char status[256];
static bool assigned; /* $status is what somebody made it, the empty list too */

static void copy(const char *s)
{
	if (s != status)
		(void)!str_cpy(status, sizeof status, s);
}

void status_assign(void)
{
	copy(sh.status->val != NULL ? sh.status->val->v[0] : "");
	assigned = true;
}

bool status_empty(void)
{
	return assigned && sh.status->val == NULL;
}

void status_set(const char *s)
{
	copy(s);
	assigned = false;
	if (sh.status->val != NULL && (sh.status->val->n != 1 || strcmp(sh.status->val->v[0], status) != 0)) {
		value_drop(sh.status->val);
		sh.status->val = NULL;
	}
}

const char *status_get(void)
{
	return status;
}

bool status_true(void)
{
	return status[strspn(status, "|0")] == '\0';
}

int status_code(void)
{
	i64 n;

	if (status_true())
		return 0;
	return str_int(status, 1, 255, &n) == 0 ? (int)n : 1;
}

static const struct {
	int sig;
	const char *name;
} signames[] = {
	{ SIGHUP, "sighup" }, { SIGINT, "sigint" }, { SIGQUIT, "sigquit" }, { SIGILL, "sigill" }, { SIGABRT, "sigabrt" },
	{ SIGBUS, "sigbus" }, { SIGFPE, "sigfpe" }, { SIGKILL, "sigkill" }, { SIGSEGV, "sigsegv" },
	{ SIGPIPE, "sigpipe" }, { SIGALRM, "sigalrm" }, { SIGTERM, "sigterm" }, { SIGUSR1, "sigusr1" },
	{ SIGUSR2, "sigusr2" }, { SIGTRAP, "sigtrap" }, { SIGSYS, "sigsys" },
};

void status_end(const ChildEnd *e, char *buf, size_t n)
{
	buf[0] = '\0';
	if (e->sig != 0) {
		snprintf(buf, n, "signal %d", e->sig);
		for (size_t i = 0; i < nelem(signames); i++)
			if (signames[i].sig == e->sig)
				snprintf(buf, n, "%s", signames[i].name);
	} else if (e->code != 0 && e->text[0] != '\0') {
		snprintf(buf, n, "%s", e->text);
	} else if (e->code != 0) {
		snprintf(buf, n, "%d", e->code);
	}
}
