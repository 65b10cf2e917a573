/* The venti protocol against what real clients and servers sent. */
#include <base/bytes.h>
#include <base/err.h>
#include <base/str.h>
#include <venti/msg.h>
#include "tap.h"
#include "vectors.h"

enum { CHUNK = 256 * 1024 };

static u8 wire[CHUNK], again[CHUNK];

/* roundtrip decodes the frame p[n] and says whether it encodes to the same bytes */
static bool roundtrip(int vers, const u8 *p, size_t n, Msg *m)
{
	static u8 work[CHUNK];
	int len, head;

	memcpy(work, p, n);
	if (msg_decode(vers, work, n, m) < 0)
		return false;
	len = msg_encode(vers, m, again, sizeof again);
	if (len != (int)n || msg_size(vers, m) != n || memcmp(again, p, n) != 0)
		return false;
	if (m->type != MsgWrite && m->type != MSG_R(MsgRead))
		return true;
	head = msg_head(vers, m, again, sizeof again);
	return head == len - (int)m->n && memcmp(again, p, (size_t)head) == 0;
}

/* field finds "name": "value" in a line of the transcripts and returns the value, ended by its quote */
static const char *field(const char *line, const char *name)
{
	char key[32];
	const char *s;

	snprintf(key, sizeof key, "\"%s\": \"", name);
	s = strstr(line, key);
	return s != NULL ? s + strlen(key) : "";
}

static void printed(const char *note, char dir, const Msg *m)
{
	autobuf Buf b = { 0 };

	msg_print(&b, m);
	if (str_prefix(note, "read data") && dir == 'C')
		is_str(buf_text(&b),
		       "Tread tag 7 20f87bde04892e9ca0c2d880bbe284978c0d261f type 13 count 8192", "a read prints");
	if (str_prefix(note, "ping") && dir == 'S')
		is_str(buf_text(&b), "Rerror tag 7 text 'unknown request'", "an error prints");
}

static void transcript(const char *name, int vers)
{
	autofree char *text = vector_open(name);
	const char *s = text;
	int lines = 0, frames = 0, got;
	Msg m;

	ok(text != NULL, "%s is found", name);
	for (; s != NULL && (s = strstr(s, "\"dir\"")) != NULL; s++) {
		char dir = field(s, "dir")[0];
		const char *note = field(s, "note");
		size_t n = vector_hex(field(s, "hex"), wire, sizeof wire);

		if (n == 0)
			continue;
		if (lines < 2) {
			lines++;
			is_int(vers_parse(wire, n, VersAll, &got), n, "a version line");
			is_int(got, dir == 'C' ? vers : Vers04, "the best of %c's versions", dir);
			is_int(vers_parse(wire, n, 1 << vers, &got) < 0 ? -1 : got, vers, "the one we have");
			continue;
		}
		if (msg_frame(vers, wire, n) > (i64)n) { /* a long block of equal bytes is kept short there */
			size_t all = (size_t)msg_frame(vers, wire, n);

			memset(wire + n, wire[n - 1], all - n);
			n = all;
		}
		frames++;
		ok(roundtrip(vers, wire, n, &m), "%c %.*s: %s", dir, (int)strcspn(note, "\""), note, rerrstr());
		printed(note, dir, &m);
	}
	ok(frames > 20, "%d frames of %s", frames, name);
}

typedef struct Stream {
	u8 p[CHUNK];
	size_t n;
	int vers;
	int count[20];
	int bad;
} Stream;

/* eat takes whole lines and frames from the front of s */
static void eat(Stream *s)
{
	for (;;) {
		i64 n;
		Msg m;

		if (s->vers == 0)
			n = vers_parse(s->p, s->n, VersAll, &s->vers);
		else
			n = msg_frame(s->vers, s->p, s->n);
		s->bad += n < 0;
		if (n <= 0 || (size_t)n > s->n)
			return;
		if (s->count[0]++ > 0) {
			s->bad += !roundtrip(s->vers, s->p, (size_t)n, &m);
			s->count[m.type % 20]++;
		}
		memmove(s->p, s->p + n, s->n - (size_t)n);
		s->n -= (size_t)n;
	}
}

/* session replays the bytes of a vac run in pieces of at most step bytes */
static void session(size_t step)
{
	static Stream dir[2];
	autofree char *text = vector_open("venti/vac-session.raw.txt");

	memset(dir, 0, sizeof dir);
	for (char *l = text; l != NULL && *l != '\0';) {
		Stream *s = &dir[l[0] == 'S'];
		char *end = strchr(l, '\n');
		size_t n = vector_hex(l + 2, wire, sizeof wire);

		for (size_t i = 0; i < n; i += step) {
			size_t k = n - i < step ? n - i : step;

			memcpy(s->p + s->n, wire + i, k);
			s->n += k;
			eat(s);
		}
		if (end == NULL)
			break;
		l = end + 1;
	}
	is_int(dir[0].bad + dir[1].bad, 0, "a vac session in pieces of %zu bytes", step);
	is_int(dir[0].n + dir[1].n, 0, "nothing is left over");
	ok(dir[0].count[MsgWrite] > 100, "%d writes", dir[0].count[MsgWrite]);
	is_int(dir[1].count[MSG_R(MsgWrite)], dir[0].count[MsgWrite], "each answered");
	is_int(dir[1].count[MSG_R(MsgRead)], dir[0].count[MsgRead], "each read, too");
}

static int decode_hex(int vers, const char *hex, Msg *m)
{
	size_t n = vector_hex(hex, wire, sizeof wire);

	return msg_decode(vers, wire, n, m);
}

static void hostile(void)
{
	static const char *const bad[] = { "000207", "00010c", "0000", "00020a07", "00030207ff", "00030107ff", "0005010700ff41",
		"0006010700024100", /* a NUL inside */
		"00190c0720f87bde04892e9ca0c2d880bbe284978c0d261f0d0020", "001b0c0720f87bde04892e9ca0c2d880bbe284978c0d261f0d00200000",
		"00050e070d0000", "00140f0720f87bde04892e9ca0c2d880bbe284978c0d", "00100400000230320009616e6f6e796d6f75",
		"00140400000230320009616e6f6e796d6f7573000500", "00030b0700" };
	Msg m;
	u8 head[4];

	for (size_t i = 0; i < nelem(bad); i++)
		ok(decode_hex(Vers02, bad[i], &m) < 0, "%s: %s", bad[i], rerrstr());
	ok(decode_hex(Vers02, "00026307", &m) < 0 && m.type == 0x63 && m.tag == 7, "an unknown type has its tag");
	put_be32(head, MSGMAX + 1);
	is_int(msg_frame(Vers04, head, 4), -1, "a frame that is too long: %s", rerrstr());
	put_be32(head, 0xffffffff);
	is_int(msg_frame(Vers04, head, 4), -1, "one of 4 GB");
	put_be32(head, MSGMAX);
	is_int(msg_frame(Vers04, head, 4), MSGMAX + 4, "the longest");
	is_int(msg_frame(Vers04, head, 3), 0, "not yet");
	m = (Msg){ .type = MsgWrite, .n = MSGMAX, .data = wire };
	is_int(msg_size(Vers04, &m), 0, "too long to send: %s", rerrstr());
	m = (Msg){ .type = MsgRead, .count = 100000 };
	is_int(msg_encode(Vers04, &m, wire, sizeof wire), 4 + 2 + 20 + 2 + 4, "a large count takes four bytes");
	is_int(msg_decode(Vers04, wire, 32, &m), 0, "which decode");
	is_int(m.count, 100000, "to the same");
}

static int parse(const char *s, int *vers) { return vers_parse((const u8 *)s, strlen(s), VersAll, vers); }

static void versions(void)
{
	char line[VERSLINE], is[64];
	int v, n = vers_line(VersAll, "anthill", line);

	is_str(line, "venti-04:02-anthill\n", "our line");
	is_int(n, strlen(line), "its length");
	vers_line(1 << Vers02, "x", line);
	is_str(line, "venti-02-x\n", "one version");
	is_int(parse("venti-02:04-x\nmore", &v), 14, "a line with more behind");
	is_int(v, Vers02, "the peer's order counts");
	ok(parse("venti-99:04:x-y-z\n", &v) > 0 && v == Vers04, "unknown versions are skipped");
	ok(parse("venti-04\n", &v) > 0 && v == Vers04, "no comment");
	is_int(parse("vent", &v), 0, "a line to be continued");
	is_int(parse("", &v), 0, "nothing yet");
	is_int(parse("GET / HTTP/1.0\r\n", &v), -1, "HTTP is refused at once: %s", rerrstr());
	is_int(parse("venti-03-x\n", &v), -1, "nothing in common: %s", rerrstr());
	is_int(parse("venti\n", &v), -1, "too short");
	is_int(parse("venti-\x01", &v), -1, "control characters");
	memset(wire, 'a', VERSLINE);
	memcpy(wire, "venti-", 6);
	is_int(vers_parse(wire, VERSLINE, VersAll, &v), -1, "a line without an end: %s", rerrstr());
	snprintf(is, sizeof is, "%s %s", vers_text(Vers02), vers_text(Vers04));
	is_str(is, "02 04", "versions as text");
}

int main(void)
{
	transcript("venti/transcript-02.json", Vers02);
	transcript("venti/transcript-04.json", Vers04);
	session(1);
	session(100000);
	hostile();
	versions();
	return done();
}
