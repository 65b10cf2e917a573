#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <limits.h>
#include <base/mem.h>
#include "ed.h"
#include "tool.h"

static volatile sig_atomic_t interrupt, hangup;

static void got(int sig)
{
	if (sig == SIGINT)
		interrupt = 1;
	else
		hangup = 1;
}

void ed_signals(void)
{
	static const int sigs[] = { SIGINT, SIGHUP };
	struct sigaction sa = { .sa_handler = got }, was;

	for (size_t i = 0; i < nelem(sigs); i++)
		if (sigaction(sigs[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			sigaction(sigs[i], &sa, NULL);
}

bool ed_interrupted(void)
{
	if (!interrupt)
		return false;
	interrupt = 0;
	fprintf(ed.to, "\n");
	ed.last = '\n';
	ed_fail("");
	return true;
}

static void rescue(void)
{
	u64 n;

	if (ed.dol > 0 && ed_write("ed.hup", 1, ed.dol, false, &n) < 0)
		tool_die("ed.hup: %s", rerrstr());
	exit(tool_end(0));
}

/* wait_input waits for input so that no signal is lost between a look at the flags and the read. */
static int wait_input(void)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };
	sigset_t set, old;
	int r = -1;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (!interrupt && !hangup)
		r = ppoll(&p, 1, NULL, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

/* console returns the next byte of standard input, -1 at its end, -2 after ^C. */
static int console(void)
{
	static u8 in[8192];
	static ssize_t n, at;

	if (at < n)
		return in[at++];
	fflush(ed.to);
	at = n = 0;
	while (wait_input() < 0 || (n = read(0, in, sizeof in)) < 0) {
		n = 0;
		if (hangup)
			rescue();
		if (ed_interrupted())
			return -2;
		if (!os_interrupted())
			tool_oopsdie("standard input");
	}
	return n == 0 ? -1 : in[at++];
}

int ed_getc(void)
{
	if (ed.peek != 0) {
		ed.last = ed.peek;
		ed.peek = 0;
	} else if (ed.glob == NULL) {
		ed.last = console();
	} else if (ed.glob < ed.globend) {
		ed.last = (u8)*ed.glob++;
	} else {
		ed.glob = NULL;
		ed.last = -1;
	}
	return ed.last;
}

void ed_back(int c) { ed.peek = c; }

void ed_skipline(void)
{
	int c = ed.last;

	ed.peek = 0;
	if (ed.glob != NULL)
		c = '\n';
	ed.glob = NULL;
	while (c >= 0 && c != '\n')
		c = ed_getc();
}

long ed_number(void)
{
	long n = 0;
	int c;

	while ((c = ed_getc()) >= '0' && c <= '9')
		n = n > LONG_MAX / 100 ? n : 10 * n + c - '0';
	ed_back(c);
	return n;
}

int ed_newline(void)
{
	int c = ed_getc();

	if (c == 'p' || c == 'l' || c == 'n') {
		ed.print = true;
		ed.list |= c == 'l';
		ed.number |= c == 'n';
		c = ed_getc();
	}
	return c == '\n' || c == -1 ? 0 : ed_fail("");
}

int ed_pattern(int delim)
{
	autobuf Buf b = { 0 };
	int c = ed_getc();

	if (c == '\n')
		ed_back(c);
	if (c == '\n' || c == delim)
		return ed.rx != NULL ? 0 : ed_fail("");
	for (; c != delim && c != '\n'; c = ed_getc()) {
		if (c == '\\') {
			buf_ch(&b, c);
			c = ed_getc();
			if (c == '\n')
				return ed_fail("");
		}
		if (c <= 0 || b.n > EDLISTMAX)
			return ed_fail("");
		buf_ch(&b, c);
	}
	if (c == '\n')
		ed_back(c);
	rx_free(ed.rx);
	ed.rx = rx_compile(buf_text(&b), 0);
	return ed.rx != NULL ? 0 : ed_fail("");
}

bool ed_matches(long a) { return a > 0 && rx_match(ed.rx, ed.line[a]->p, ed.line[a]->n, 0, NULL, 0); }

/* search looks for the pattern from line a on, around the ends, a itself last. */
static long search(long a, int sign)
{
	for (long left = ed.dol; left > 0; left--) {
		a += sign;
		if (a <= 0)
			a = ed.dol;
		if (a > ed.dol)
			a = 1;
		if (ed_interrupted())
			return -1;
		if (ed_matches(a))
			return a;
	}
	return -1;
}

static long named(int c)
{
	if (c < 'a' || c > 'z' || ed.name[c - 'a'] == NULL)
		return -1;
	for (long i = 1; i <= ed.dol; i++)
		if (ed.line[i] == ed.name[c - 'a'])
			return i;
	return -1;
}

/* start is an address's first term: . $ or a mark. */
static long start(int c) { return c == '.' ? ed.dot : c == '$' ? ed.dol : named(ed_getc()); }

int ed_address(long *out)
{
	long a = ed.dot;
	int c, sign = 1, terms = 0;
	bool open = false; /* a + or - that no number has followed yet */

	for (;; terms++) {
		while ((c = ed_getc()) == ' ' || c == '\t')
			;
		if (c >= '0' && c <= '9') {
			ed_back(c);
			a = (terms == 0 ? 0 : a) + sign * ed_number();
		} else if (c == '.' || c == '$' || c == '\'') {
			a = terms == 0 ? start(c) : -1;
		} else if (c == '/' || c == '?') {
			a = ed_pattern(c) < 0 ? -1 : search(a, c == '?' ? -sign : sign);
		} else {
			if (open)
				a += sign;
			open = c == '+' || c == '-' || c == '^';
			sign = c == '+' ? 1 : -1;
			if (a < 0 || a > ed.dol)
				return ed_fail("");
			if (open)
				continue;
			if (c == -2)
				return -1;
			ed_back(c);
			*out = a;
			return terms > 0;
		}
		if (a < 0 || a > ed.dol)
			return ed_fail("");
		open = false;
		sign = 1;
	}
}
