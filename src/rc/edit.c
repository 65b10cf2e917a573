/*
 * The line editor.  One line of the screen is used: a longer text is
 * scrolled sideways around the cursor.  The terminal is in key mode only
 * while a line is typed, and read byte by byte, so that what is typed ahead
 * of a command is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/utf.h>
#include <os/io.h>
#include <os/keys.h>
#include "edit.h"
#include "sh.h"

enum { Ctrl = 0x1f, Esc = 0x1b, Del = 0x7f };

/* keys beyond bytes, from escape sequences */
enum { Kup = 256, Kdown, Kleft, Kright, Khome, Kend, Kdelete, Kwordleft, Kwordright, Knone };

typedef struct Edit {
	int fd;
	const char *prompt; /* its last line */
	Buf text;
	size_t cur;   /* bytes before the cursor */
	int at;       /* line of the history shown, hist_count() for the one being typed */
	char *typed;  /* the latter, while another is shown */
	bool drawn;   /* the screen shows the text as it is */
} Edit;

typedef enum Done { More, Ready, Gone } Done;

static void show(const Buf *b)
{
	(void)!io_writen(2, buf_text(b), b->n);
}

static size_t before(const Edit *e, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && ((u8)e->text.p[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t after(const Edit *e, size_t at)
{
	if (at < e->text.n)
		at++;
	while (at < e->text.n && ((u8)e->text.p[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* columns returns how many columns the rune at s takes. */
static int columns(const char *s, size_t n)
{
	Rune r;

	utf_get(&r, s, n);
	if ((r >= 0x300 && r <= 0x36f) || r == 0x200b)
		return 0;
	return (r >= 0x1100 && r <= 0x115f) || (r >= 0x2e80 && r <= 0xa4cf) || (r >= 0xac00 && r <= 0xd7a3) ||
			       (r >= 0xf900 && r <= 0xfaff) || (r >= 0xfe30 && r <= 0xfe6f) ||
			       (r >= 0xff00 && r <= 0xff60) || (r >= 0x1f300 && r <= 0x1faff) || r >= 0x20000
		       ? 2
		       : 1;
}

static int width(const char *s, size_t n)
{
	int w = 0;

	for (size_t i = 0; i < n;) {
		size_t k = i + 1;

		while (k < n && ((u8)s[k] & 0xc0) == 0x80)
			k++;
		w += s[i] == '\t' ? 8 - w % 8 : columns(s + i, k - i);
		i = k;
	}
	return w;
}

static void draw(Edit *e, const char *prompt)
{
	int room = keys_width(e->fd) - width(prompt, strlen(prompt)) - 1;
	size_t from = 0, to;
	autobuf Buf b = { 0 };

	if (room < 8)
		room = 8;
	while (from < e->cur && width(buf_text(&e->text) + from, e->cur - from) > room)
		from = after(e, from);
	to = e->cur;
	while (to < e->text.n && width(e->text.p + from, after(e, to) - from) <= room)
		to = after(e, to);
	buf_printf(&b, "\r%s", prompt);
	for (size_t i = from; i < to; i++) {
		char c = e->text.p[i];

		if (c == '\t')
			buf_printf(&b, "%*s", 8 - width(e->text.p + from, i - from) % 8, "");
		else
			buf_ch(&b, (u8)c < ' ' ? '?' : c);
	}
	buf_str(&b, "\x1b[K");
	if (to > e->cur) {
		int back = width(e->text.p + from, to - from) - width(e->text.p + from, e->cur - from);

		if (back > 0)
			buf_printf(&b, "\x1b[%dD", back);
	}
	show(&b);
}

static void replace(Edit *e, size_t from, size_t to, const char *s, size_t n)
{
	Buf b = { 0 };

	buf_add(&b, buf_text(&e->text), from);
	buf_add(&b, s, n);
	buf_add(&b, buf_text(&e->text) + to, e->text.n - to);
	buf_free(&e->text);
	e->text = b;
	e->cur = from + n;
}

/* byte reads a byte; -1 at the end or when a signal came that somebody should look at. */
static int byte(Edit *e)
{
	u8 c;
	ssize_t n;

	do {
		if (!keys_wait(e->fd, &note_pending))
			return -1;
		n = read(e->fd, &c, 1);
	} while (n < 0 && os_interrupted());
	return n == 1 ? c : -1;
}

static int csi(Edit *e)
{
	int c = byte(e), n = 0, mod = 0;

	for (; (c >= '0' && c <= '9') || c == ';'; c = byte(e)) {
		if (c == ';') {
			mod = 1;
			n = n == 0 ? 1 : n;
		} else if (!mod && n < 100) {
			n = n * 10 + c - '0';
		}
	}
	switch (c) {
	case 'A':
		return Kup;
	case 'B':
		return Kdown;
	case 'C':
		return mod ? Kwordright : Kright;
	case 'D':
		return mod ? Kwordleft : Kleft;
	case 'H':
		return Khome;
	case 'F':
		return Kend;
	case '~':
		return n == 1 || n == 7 ? Khome : n == 4 || n == 8 ? Kend : n == 3 ? Kdelete : Knone;
	default:
		return Knone;
	}
}

static int key(Edit *e)
{
	int c = byte(e);

	if (c != Esc)
		return c;
	c = byte(e);
	if (c == '[' || c == 'O')
		return csi(e);
	return c == 'b' ? Kwordleft : c == 'f' ? Kwordright : c < 0 ? c : Knone;
}

static size_t wordleft(const Edit *e)
{
	size_t i = e->cur;

	while (i > 0 && e->text.p[i - 1] == ' ')
		i--;
	while (i > 0 && e->text.p[i - 1] != ' ')
		i--;
	return i;
}

static size_t wordright(const Edit *e)
{
	size_t i = e->cur;

	while (i < e->text.n && e->text.p[i] == ' ')
		i++;
	while (i < e->text.n && e->text.p[i] != ' ')
		i++;
	return i;
}

/* recall shows another line of the history. */
static void recall(Edit *e, int to)
{
	const char *s;

	if (to < 0 || to > hist_count())
		return;
	if (e->at == hist_count()) {
		free(e->typed);
		e->typed = mem_str(buf_text(&e->text));
	}
	e->at = to;
	s = to < hist_count() ? hist_line(to) : e->typed != NULL ? e->typed : "";
	replace(e, 0, e->text.n, s, strlen(s));
}

/* search is ^R: the line as found, left with any key that is not of the text looked for; it returns that key. */
static int search(Edit *e)
{
	autobuf Buf want = { 0 };
	int c, at = hist_count(), found = -1;

	for (;;) {
		autofree char *prompt = mem_printf("(history '%s') ", buf_text(&want));

		draw(e, prompt);
		c = key(e);
		if (c == ('R' & Ctrl)) {
			at = found >= 0 ? found : at;
		} else if (c == Del || c == ('H' & Ctrl)) {
			while (want.n > 0 && ((u8)want.p[--want.n] & 0xc0) == 0x80)
				;
			*buf_room(&want, 0) = '\0';
			at = hist_count();
		} else if (c >= ' ' && c < 256) {
			buf_ch(&want, c);
			at = found >= 0 ? found + 1 : at;
		} else {
			return c;
		}
		if (want.n > 0 && (c = hist_find(at, buf_text(&want))) >= 0) {
			found = c;
			recall(e, found);
		}
	}
}

static void complete(Edit *e)
{
	autofree char *text = NULL, *all = NULL;
	autobuf Buf b = { 0 };
	size_t from;
	int n = complete_word(buf_text(&e->text), e->cur, &from, &text, &all);

	if (n == 0)
		return;
	if (n > 1 && strlen(text) <= e->cur - from) {
		buf_printf(&b, "\r\n%s\n", all);
		show(&b);
	}
	replace(e, from, e->cur, text, strlen(text));
}

static void move(Edit *e, int c)
{
	switch (c) {
	case 'A' & Ctrl:
	case Khome:
		e->cur = 0;
		break;
	case 'E' & Ctrl:
	case Kend:
		e->cur = e->text.n;
		break;
	case 'B' & Ctrl:
	case Kleft:
		e->cur = before(e, e->cur);
		break;
	case 'F' & Ctrl:
	case Kright:
		e->cur = after(e, e->cur);
		break;
	case Kwordleft:
		e->cur = wordleft(e);
		break;
	case Kwordright:
		e->cur = wordright(e);
		break;
	case 'P' & Ctrl:
	case Kup:
		recall(e, e->at - 1);
		break;
	case 'N' & Ctrl:
	case Kdown:
		recall(e, e->at + 1);
		break;
	default:
		break;
	}
}

/* insert puts a byte in; at the end of a short line it is simply written. */
static void insert(Edit *e, char c)
{
	Buf b = { &c, 1, 0 };

	replace(e, e->cur, e->cur, &c, 1);
	if (c < ' ' || e->cur < e->text.n)
		return;
	if (width(e->prompt, strlen(e->prompt)) + width(e->text.p, e->text.n) < keys_width(e->fd) - 1) {
		show(&b);
		e->drawn = true;
	}
}

static Done change(Edit *e, int c)
{

	switch (c) {
	case -1:
		return Gone;
	case '\n':
	case '\r':
		return Ready;
	case 'D' & Ctrl:
		if (e->text.n == 0)
			return Gone;
		replace(e, e->cur, after(e, e->cur), "", 0);
		break;
	case Kdelete:
		replace(e, e->cur, after(e, e->cur), "", 0);
		break;
	case Del:
	case 'H' & Ctrl:
		replace(e, before(e, e->cur), e->cur, "", 0);
		break;
	case 'U' & Ctrl:
		replace(e, 0, e->cur, "", 0);
		break;
	case 'K' & Ctrl:
		replace(e, e->cur, e->text.n, "", 0);
		break;
	case 'W' & Ctrl:
		replace(e, wordleft(e), e->cur, "", 0);
		break;
	case 'L' & Ctrl:
		show(&(Buf){ (char *)(uintptr_t)"\x1b[H\x1b[2J", 7, 0 });
		break;
	case '\t':
		if (strspn(buf_text(&e->text), " \t") >= e->cur) /* where a word has not begun it is white space */
			replace(e, e->cur, e->cur, "\t", 1);
		else
			complete(e);
		break;
	default:
		if (c >= ' ' && c < 256)
			insert(e, (char)c);
		else
			move(e, c);
	}
	return More;
}

static char *edit(Edit *e)
{
	autobuf Buf b = { 0 };
	Done done = More;
	int c;

	/* no return to the first column here: a command's last line may have no end */
	show(&(Buf){ (char *)(uintptr_t)e->prompt, strlen(e->prompt), 0 });
	e->drawn = true;
	while (done == More) {
		/* the rest of a rune is not drawn for each byte */
		if (!e->drawn && (e->cur == 0 || e->text.p[e->cur - 1] >= 0 || utf_valid(e->text.p, e->text.n)))
			draw(e, e->prompt);
		e->drawn = false;
		c = key(e);
		if (c == ('R' & Ctrl))
			c = search(e);
		done = change(e, c);
	}
	if (done == Ready && e->cur < e->text.n) {
		e->cur = e->text.n;
		draw(e, e->prompt);
	}
	if (!note_pending) {
		buf_ch(&b, '\n');
		show(&b);
	}
	if (done != Ready)
		return NULL;
	hist_add(buf_text(&e->text));
	buf_ch(&e->text, '\n');
	return buf_take(&e->text);
}

char *edit_line(int fd, const char *prompt)
{
	const char *nl = strrchr(prompt, '\n');
	Edit e = { .fd = fd, .prompt = nl != NULL ? nl + 1 : prompt };
	char *line;
	Keys *k;

	keys_front(fd);
	if (nl != NULL)
		show(&(Buf){ (char *)(uintptr_t)prompt, (size_t)(nl + 1 - prompt), 0 });
	k = keys_start(fd);
	if (k == NULL)
		return NULL;
	e.at = hist_count();
	line = edit(&e);
	keys_stop(fd, k);
	buf_free(&e.text);
	free(e.typed);
	return line;
}
