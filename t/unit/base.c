#include <stdlib.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>
#include <base/ndb.h>
#include <base/ref.h>
#include <base/str.h>
#include <base/utf.h>
#include "tap.h"

static void errors(void)
{
	char big[2 * ERRMAX];

	is_int(errset(Eperm), -1, "errset returns -1");
	is_str(rerrstr(), "permission denied", "errset sets the text");
	is_int(errcode("'x' file does not exist"), Enonexist, "a text that contains a standard error");
	is_int(errcode("walk: No such file or directory"), Enonexist, "Linux's words are known");
	is_int(errcode("something else"), NERR, "an unknown text is unknown");
	is_int(err_errno("something else"), EIO, "and is EIO");
	is_int(err_errno(errtext(Eintr)), EINTR, "interrupted is EINTR");
	is_int(err_fromerrno(ENOENT), Enonexist, "ENOENT is 'does not exist'");
	memset(big, 'a', sizeof big);
	memcpy(big + ERRMAX - 2, "\xce\xbb", 2);
	big[sizeof big - 1] = '\0';
	werrstr("%s", big);
	is_int(strlen(rerrstr()), ERRMAX - 2, "a long error is cut before a rune that does not fit");
	werrstr("a: %s", errtext(Eio));
	werrstr("b: %s", rerrstr());
	is_str(rerrstr(), "b: a: i/o error", "werrstr may use rerrstr");
}

static void strings(void)
{
	static const char *clean[][2] = {
		{ "", "." }, { ".", "." }, { "/", "/" }, { "//a//b/", "/a/b" }, { "/..", "/" }, { "a/..", "." },
		{ "../a", "../a" }, { "a/../..", ".." }, { "/a/./b/../c", "/a/c" }, { "../../x/..", "../.." },
		{ "/../../a", "/a" }, { "a/b/../../..", ".." },
	};
	char buf[64], *f[8];
	autobuf Buf b = { 0 };

	for (size_t i = 0; i < nelem(clean); i++) {
		strcpy(buf, clean[i][0]);
		is_str(path_clean(buf), clean[i][1], "cleanname '%s'", clean[i][0]);
	}
	strcpy(buf, "bind -b '#l0' 'it''s' x''y");
	is_int(str_tokens(buf, f, 8), 5, "tokens");
	is_str(f[2], "#l0", "a quoted token");
	is_str(f[3], "it's", "a doubled quote");
	is_str(f[4], "xy", "an empty quote inside a word");
	strcpy(buf, "tcp!host!564");
	is_int(str_fields(buf, f, 8, "!"), 3, "fields");
	str_quote(&b, "it's");
	str_quote(&b, "");
	str_quote(&b, "plain/x.c");
	is_str(buf_text(&b), "'it''s'''plain/x.c", "quoting");
}

static void numbers(void)
{
	u64 v;
	i64 i;

	ok(str_u64("0x10", 0, 100, &v) == 0 && v == 16, "hex");
	ok(str_u64("101", 10, 100, &v) < 0, "above the maximum");
	ok(str_u64("12x", 10, 100, &v) < 0, "trailing bytes");
	ok(str_u64("", 10, 100, &v) < 0, "empty");
	ok(str_u64("-1", 10, UINT64_MAX, &v) < 0, "negative");
	ok(str_int("-5", -5, 5, &i) == 0 && i == -5, "a signed number");
	ok(str_int("6", -5, 5, &i) < 0, "outside the range");
}

static void runes(void)
{
	Rune r;
	char s[UTFmax];

	is_int(utf_get(&r, "\xce\xbb", 2), 2, "two bytes");
	is_int(r, 0x3bb, "lambda");
	is_int(utf_get(&r, "\xce", 1), 1, "a cut rune is one bad byte");
	is_int(r, Runeerror, "and is Runeerror");
	is_int(utf_get(&r, "\xc0\x80", 2), 1, "overlong forms are bad");
	for (Rune x = 1; x <= Runemax; x += 97) {
		int n = utf_put(s, x);

		if (x >= 0xD800 && x < 0xE000)
			continue;
		if (utf_get(&r, s, (size_t)n) != n || r != x) {
			ok(0, "rune %x comes back", x);
			return;
		}
	}
	ok(1, "runes come back");
	ok(!utf_valid("a\0b", 3), "NUL is not valid in a string");
	ok(!utf_valid("\xed\xa0\x80", 3), "surrogates are not valid");
}

static void ndbs(void)
{
	const char *text = "# comment\n"
			   "sys=box ip=10.0.0.1 # more\n"
			   "\tdom=box.test desc=\"a b # c\"\n"
			   "\n"
			   "ipnet=lan ip=10.0.0.0 ipmask=255.255.255.0 flag\n";
	Ndb *db = ndb_parse(text, strlen(text), "t");

	if (!ok(db != NULL, "an ndb parses: %s", rerrstr()))
		return;
	is_int(ndb_count(db), 2, "two entries");
	is_str(ndb_get(ndb_entry(db, 0), "ip"), "10.0.0.1", "a value before a comment");
	is_str(ndb_get(ndb_entry(db, 0), "desc"), "a b # c", "a quoted value on the second line");
	is_int(ndb_entry(db, 0)->pair[2].line, 1, "pairs know their line");
	is_str(ndb_get(ndb_entry(db, 1), "flag"), "", "a bare attribute is empty");
	is_int(ndb_next(db, -1, "ipnet", "lan"), 1, "a search finds the entry");
	is_int(ndb_next(db, 1, "ipnet", NULL), -1, "and then no more");
	ndb_free(db);
	ok(ndb_parse("\tx=y\n", 5, "bad") == NULL, "an indented first line is refused");
	is_str(rerrstr(), "bad:1: an indented line before any entry", "and the error says where");
	ok(ndb_parse("a=\"b\n", 5, "bad") == NULL, "an open quote is refused");
	ok(ndb_parse("=b\n", 3, "bad") == NULL, "a value without an attribute is refused");
}

static void refs(void)
{
	Ref r;

	ref_init(&r, "thing");
	ref_take(&r);
	is_int(ref_live("thing"), 1, "the ledger counts things, not references");
	ok(!ref_drop(&r), "one of two");
	ok(ref_drop(&r), "the last");
	is_int(ref_live("thing"), 0, "the ledger is empty");
}

int main(void)
{
	errors();
	strings();
	numbers();
	runes();
	ndbs();
	refs();
	return done();
}
