#include <base/bytes.h>
#include <base/err.h>
#include <base/str.h>
#include <ninep/ninep.h>
#include "tap.h"
#include "vectors.h"

enum { MSGMAX = 256 * 1024 };

static u8 wire[MSGMAX], work[MSGMAX], again[MSGMAX];

/* roundtrip decodes the message in wire[n], encodes it again and says whether nothing changed */
static int roundtrip(size_t n, Fcall *f)
{
	int len;

	memcpy(work, wire, n);
	if (fcall_decode(work, (u32)n, f) != (int)n)
		return 0;
	len = fcall_encode(f, again, sizeof again);
	return len == (int)n && fcall_size(f) == n && memcmp(wire, again, n) == 0;
}

static const struct {
	const char *name, *text;
} printed[] = {
	{ "Tversion", "Tversion tag 65535 msize 131096 version '9P2000'" },
	{ "Tattach.noauth", "Tattach tag 3 fid 0 afid -1 uname 'none' aname ''" },
	{ "Tauth", "Tauth tag 1 afid 287454020 uname 'glenda' aname 'main/archive'" },
	{ "Rauth", "Rauth tag 1 qid (0102030405060708 1 A)" },
	{ "Rerror", "Rerror tag 1 ename 'authentication not required'" },
	{ "Twalk.clone", "Twalk tag 4 fid 0 newfid 1 nwname 0" },
	{ "Twalk.3", "Twalk tag 4 fid 0 newfid 1 nwname 3 0:usr 1:.. 2:\xce\xbb" },
	{ "Rwalk.2(partial ok)", "Rwalk tag 4 nwqid 2 0:(0000000000000010 7 d) 1:(0000000000000011 8 )" },
	{ "Tcreate.dir", "Tcreate tag 6 fid 1 name 'newdir' perm d-rwxrwxr-x mode 0" },
	{ "Rread", "Rread tag 7 count 5 'hello'" },
	{ "Twrite", "Twrite tag 8 fid 1 offset 0 count 6 'world\\n'" },
	{ "Rstat", "Rstat tag 11 nstat 68 [bootes] (0000000000000044 2 ) --rw-r--r-- M 7 glenda sys 4294967301 1000000001 'file'" },
	{ "Rwstat", "Rwstat tag 12" },
};

static void print(const char *name, const Fcall *f)
{
	autobuf Buf b = { 0 };

	fcall_print(&b, f);
	for (size_t i = 0; i < nelem(printed); i++)
		if (strcmp(printed[i].name, name) == 0)
			is_str(buf_text(&b), printed[i].text, "%s prints", name);
}

static void all_messages(void)
{
	autofree char *text = vector_open("9p/messages.txt");
	bool seen[Tmax] = { 0 };
	char *s = text, *next, *hex;

	ok(text != NULL, "messages.txt is found");
	for (; s != NULL && *s != '\0'; s = next) {
		Fcall f = { 0 };
		size_t n;

		next = strchr(s, '\n');
		if (next != NULL)
			*next++ = '\0';
		hex = strrchr(s, ' ');
		if (hex == NULL)
			continue;
		*hex++ = '\0';
		n = vector_hex(hex, wire, sizeof wire);
		ok(roundtrip(n, &f), "%s: %s", s, n == 0 ? "no bytes" : fcall_name(wire[4]));
		ok(str_prefix(s, fcall_name(f.type)), "%s has its type", s);
		print(s, &f);
		seen[f.type] = true;
	}
	for (int t = Tversion; t < Tmax; t++)
		if (!seen[t] && fcall_name(t) != NULL)
			ok(0, "%s has a vector", fcall_name(t));
}

/* session replays T and R lines and reports how many messages did not come out the same */
static void session(const char *name, int atleast)
{
	autofree char *text = vector_open(name);
	int bad = 0, n = 0;

	if (text == NULL) {
		skip("no recorded session here (set VECTORS)");
		return;
	}
	for (char *s = text; s != NULL; s = strchr(s, '\n'), s = s != NULL ? s + 1 : NULL) {
		Fcall f;
		size_t len = (s[0] == 'T' || s[0] == 'R') && s[1] == ' ' ? vector_hex(s + 2, wire, sizeof wire) : 0;

		if (len == 0)
			continue;
		n++;
		if (!roundtrip(len, &f)) {
			printf("# %.70s: %s\n", s, rerrstr());
			bad++;
		}
	}
	ok(n >= atleast, "%s has %d messages", name, n);
	is_int(bad, 0, "all of them decode and encode to the same bytes");
}

/* refused decodes wire[n] and says whether the error text contains why */
static int refused(size_t n, const char *why)
{
	Fcall f;

	memcpy(work, wire, n);
	if (fcall_decode(work, (u32)n, &f) < 0 && strstr(rerrstr(), why) != NULL)
		return 1;
	printf("# said: %s\n", rerrstr());
	return 0;
}

static u32 make(Fcall *f)
{
	int n = fcall_encode(f, wire, sizeof wire);

	return n < 0 ? 0 : (u32)n;
}

static void bad_messages(void)
{
	Fcall walk = { .type = Twalk, .fid = 1, .newfid = 2, .nwname = 1, .wname = { "abc" } };
	Fcall rd = { .type = Rread, .count = 4, .data = (char[]){ "data" } };
	u32 n = make(&walk);

	for (u32 i = 0; i < n; i++)
		if (!refused(i, "9P message of"))
			ok(0, "a message cut to %u bytes is refused", i);
	for (u32 i = 7; i < n; i++) {
		put_le32(wire, i);
		if (!refused(i, "too short"))
			ok(0, "a message that says it is %u bytes is refused", i);
	}
	put_le32(wire, n + 1);
	ok(refused(n + 1, "Twalk: 1 bytes too many"), "trailing bytes are refused");
	make(&walk);
	wire[n - 2] = '\0';
	ok(refused(n, "Twalk: bad string in wname"), "a NUL in a string is refused");
	wire[n - 2] = 0xFF;
	ok(refused(n, "bad string in wname"), "a string that is not UTF-8 is refused");
	make(&walk);
	put_le16(wire + 15, 17);
	ok(refused(n, "17 walk elements are more than 16"), "17 names are refused");
	n = make(&rd);
	put_le32(wire + 7, 5);
	ok(refused(n, "Rread: too short for data"), "more data than there is is refused");
	put_le32(wire + 7, 0xFFFFFFFF);
	ok(refused(n, "too short for data"), "4 gigabytes of data are refused");
	wire[4] = Terror;
	ok(refused(n, "unknown 9P message type 106"), "Terror is refused");
	wire[4] = 255;
	ok(refused(n, "unknown 9P message type 255"), "an unknown type is refused");
}

static void unsendable(void)
{
	static char longname[70000];
	Fcall f = { .type = Twalk, .nwname = 17 };
	Fcall e = { .type = Rerror, .ename = "a \xff b" };

	is_int(fcall_encode(&f, wire, sizeof wire), -1, "17 names cannot be sent");
	f.nwname = 1;
	f.wname[0] = "\xc3";
	is_int(fcall_encode(&f, wire, sizeof wire), -1, "nor can a name that is not UTF-8");
	memset(longname, 'x', sizeof longname - 1);
	f.wname[0] = longname;
	is_int(fcall_encode(&f, wire, sizeof wire), -1, "nor a name of 70,000 bytes");
	is_int(fcall_size(&f), 0, "whose size is 0");
	f.wname[0] = "name";
	is_int(fcall_encode(&f, wire, 22), -1, "a buffer one byte too small is refused");
	is_int(fcall_encode(&f, wire, 23), 23, "one that is just large enough is not");
	f.type = Terror;
	is_int(fcall_encode(&f, wire, sizeof wire), -1, "Terror cannot be sent");
	ok(make(&e) > 0 && memcmp(wire + 9, "a ? b", 5) == 0, "an Rerror always can");
}

static void head(void)
{
	char data[] = "0123456789";
	Fcall w = { .type = Twrite, .tag = 1, .fid = 2, .offset = 3, .count = 10, .data = data };
	Fcall f;
	int n;

	n = fcall_head(&w, wire, IOHDRSZ);
	is_int(n, 23, "the head of a Twrite");
	memcpy(wire + n, data, 10);
	ok(roundtrip(33, &f) && f.count == 10 && memcmp(f.data, data, 10) == 0, "and its data make the message");
	w.type = Tread;
	is_int(fcall_head(&w, wire, IOHDRSZ), -1, "a Tread has no data");
}

static void dirs(void)
{
	Dir d = { .mode = DMDIR | 0755, .name = "n", .uid = "u", .length = 1ull << 40 }, e;
	u8 buf[128];
	int n = dir_encode(&d, buf, sizeof buf);
	char mode[DIRMODESZ];

	is_int(n, STATFIXED + 2, "a Dir of two one-byte strings");
	is_int(dir_size(&d), n, "dir_size agrees");
	is_int(dir_encode(&d, buf, (u32)n - 1), -1, "a buffer one byte too small is refused");
	is_int(dir_decode(buf, (u32)n - 1, &e), -1, "a record cut short is refused");
	is_int(dir_decode(buf, sizeof buf, &e), n, "a record decodes");
	ok(e.length == 1ull << 40 && e.mode == d.mode, "to the same numbers");
	is_str(e.gid, "", "NULL is sent as an empty string");
	n = dir_encode(&d, buf, sizeof buf);
	put_le16(buf, (u16)(n - 1));
	is_int(dir_decode(buf, sizeof buf, &e), -1, "a record with trailing bytes is refused");
	dir_null(&d);
	n = dir_encode(&d, buf, sizeof buf);
	is_int(n, STATFIXED, "the null Dir");
	for (int i = 2; i < STATFIXED - 8; i++)
		if (buf[i] != 0xFF)
			ok(0, "byte %d of the null Dir", i);
	is_str(dir_mode(mode, DMAPPEND | DMEXCL | 0640), "alrw-r-----", "a mode as text");
}

int main(void)
{
	all_messages();
	session("9p/fossil-session.hex", 100);
	session("9p/v9fs-9p2000-session.hex", 100);
	bad_messages();
	unsendable();
	head();
	dirs();
	return done();
}
