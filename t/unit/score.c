/* Scores, trimming, and the Store in memory. */
#include <stdlib.h>
#include <string.h>
#include <arena/store.h>
#include <base/err.h>
#include "tap.h"

static void test_text(void)
{
	char text[SCORETEXT], label[8];
	Score a;

	is_str(score_print(&score_zero, text), "da39a3ee5e6b4b0d3255bfef95601890afd80709", "the zero score");
	Score empty = score_of("", 0);
	ok(score_eq(&empty, &score_zero), "it is the score of nothing");
	ok(score_parse("vac:DA39A3EE5e6b4b0d3255bfef95601890afd80709", &a, label, sizeof label) == 0 && score_eq(&a, &score_zero),
		"digits of both cases, with a label");
	is_str(label, "vac", "the label");
	ok(score_parse(text, &a, label, sizeof label) == 0 && label[0] == 0, "no label");
	ok(score_parse("vac:da39", &a, NULL, 0) == -1, "too short");
	ok(score_parse("zz39a3ee5e6b4b0d3255bfef95601890afd80709", &a, NULL, 0) == -1, "not hexadecimal");
	ok(score_parse("longlabel:da39a3ee5e6b4b0d3255bfef95601890afd80709", &a, label, sizeof label) == -1, "label too long");
}

static void test_trim(void)
{
	u8 p[70] = { 1, 2, 0, 0 };

	ok(block_trim(VtData, p, 4) == 2, "data loses trailing zeros");
	ok(block_trim(VtRoot, p, 4) == 4, "a root keeps them");
	memset(p, 7, 20);
	memcpy(p + 20, score_zero.b, 20);
	memcpy(p + 40, score_zero.b, 20);
	ok(block_trim(VtPointer0, p, 65) == 20, "pointers lose zero scores and slop");
	memset(p + 20, 0, 50);
	block_extend(VtPointer0 + 1, p, 20, 65);
	ok(memcmp(p + 40, score_zero.b, 20) == 0 && p[60] == 0, "and get them back");
	memset(p, 9, sizeof p);
	block_extend(VtDir, p, 3, 10);
	ok(p[2] == 9 && p[3] == 0 && p[9] == 0 && p[10] == 9, "data gets its zeros back");
}

static void test_mem(void)
{
	Store *s = memstore_new(100);
	u8 data[] = "hello", room[64];
	StoreReq w[2] = { { .type = VtData, .p = data, .n = 5 }, { .type = VtData, .p = data, .n = 5 } };
	StoreReq r = { .type = VtData, .p = room, .n = 2 };

	store_write(s, w, 2);
	ok(!w[0].failed && !w[0].old && w[1].old, "the second is a duplicate");
	r.score = w[0].score;
	store_read(s, &r, 1);
	is_str(r.err, "read too small: asked for 2 need at least 5", "no room");
	free(r.err);
	r = (StoreReq){ .score = w[0].score, .type = VtData, .p = room, .n = sizeof room };
	store_read(s, &r, 1);
	ok(!r.failed && r.n == 5 && memcmp(room, "hello", 5) == 0, "read back");
	r = (StoreReq){ .score = w[0].score, .type = VtDir, .p = room, .n = sizeof room };
	store_read(s, &r, 1);
	is_str(r.err, "no block with score aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d/2 exists", "another type");
	free(r.err);
	w[0] = (StoreReq){ .type = VtData, .p = (u8 *)strcpy((char *)room, "more"), .n = 64 };
	w[1] = (StoreReq){ .type = VtDir, .p = room, .n = 64 };
	memset(room + 5, 1, 59);
	store_write(s, w, 2);
	ok(!w[0].failed && w[1].failed, "full");
	free(w[1].err);
	ok(store_sync(s) == 0, "sync");
	store_close(s);
}

int main(void)
{
	test_text();
	test_trim();
	test_mem();
	return done();
}
