/* Compares arenas with the sum they were sealed with: of a partition, or of one arena in a file or on standard input. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <base/mem.h>
#include "cmds.h"
#include "vtool.h"

static bool verbose;
static int napms;
static Progress progress = { .what = "verifying" };

static bool tick(void *arg, u64 done)
{
	if (napms > 0)
		nanosleep(&(struct timespec){ napms / 1000, napms % 1000 * 1000000L }, NULL);
	return progress_to(arg, done);
}

static int verdict(const Arena *a, const Score *sum)
{
	static const Score none;
	char want[SCORETEXT], got[SCORETEXT];

	if (score_eq(&a->t.score, &none)) {
		if (verbose || a->t.st.used > 0)
			printf("%s: unsealed %llu bytes\n", a->t.name, (unsigned long long)a->t.st.used);
		return 0;
	}
	if (!score_eq(&a->t.score, sum)) {
		printf("%s: mismatch checksum - found=%s calculated=%s\n", a->t.name, score_print(&a->t.score, want),
			score_print(sum, got));
		return 1;
	}
	if (verbose)
		printf("%s: verified score\n", a->t.name);
	return 0;
}

static int verify(Arena *a)
{
	Score sum;

	if (a->headbad != NULL || a->tailbad != NULL) {
		printf("%s: %s\n", a->t.name, a->headbad != NULL ? a->headbad : a->tailbad);
		return 1;
	}
	progress.total = a->end - a->start;
	if (arena_sum(a, &sum, tick, &progress) < 0) {
		printf("%s: %s\n", a->t.name, rerrstr());
		return 1;
	}
	return verdict(a, &sum);
}

/* standard input: what rdarena writes, which can be read once only */
static int verify_stream(void)
{
	u8 *b = mem_new(DISKBLOCK), *last = mem_new(DISKBLOCK);
	ArenaHead h;
	Arena a = { 0 };
	Score sum;
	EVP_MD_CTX *sha = EVP_MD_CTX_new();

	if (io_readn(0, b, PARTHEAD) != PARTHEAD || fmt_gethead(&h, b) < 0)
		tool_die("standard input: %s", rerrstr());
	if (sha == NULL || EVP_DigestInit_ex(sha, EVP_sha1(), NULL) != 1)
		tool_die("%s", errtext(Enomem));
	EVP_DigestUpdate(sha, b, PARTHEAD);
	for (u64 left = h.size - h.blocksize - PARTHEAD, n; left > 0; left -= n) {
		n = left < DISKBLOCK ? left : DISKBLOCK;
		if (io_readn(0, b, n) != (ssize_t)n)
			tool_die("standard input: the arena %s is cut off", h.name);
		EVP_DigestUpdate(sha, b, n);
	}
	if (io_readn(0, last, h.blocksize) != (ssize_t)h.blocksize || fmt_gettail(&a.t, last, h.blocksize) < 0)
		tool_die("standard input: the arena %s: %s", h.name, rerrstr());
	memset(last + h.blocksize - SCORE, 0, SCORE);
	EVP_DigestUpdate(sha, last, h.blocksize);
	EVP_DigestFinal_ex(sha, sum.b, NULL);
	EVP_MD_CTX_free(sha);
	free(b);
	free(last);
	return verdict(&a, &sum);
}

static int verify_part(const char *file, char **names, int n)
{
	Part *p = vtool_part(file, DiskRead);
	int bad = 0;

	for (int i = 0; i < n; i++)
		if (part_find(p, names[i]) == NULL)
			tool_die("%s", rerrstr());
	for (int i = 0; i < p->n; i++)
		if (vtool_wanted(p->arena[i]->t.name, names, n))
			bad |= verify(p->arena[i]);
	progress_end(&progress);
	part_close(p);
	return bad;
}

int cmd_venti_verifyarena(int argc, char **argv)
{
	Args a;

	args_init(&a, argc, argv, "venti/verifyarena [-v] [-b blocksize] [-s ms] [arenapart [name ...]]");
	for (int c; (c = args_flag(&a)) != 0;)
		switch (c) {
		case 'b': (void)vtool_size(&a); break;
		case 's': napms = (int)args_number(&a, 0, 60000); break;
		case 'v': verbose = true; break;
		default: args_usage(&a);
		}
	return tool_end(a.argc == 0 ? verify_stream() : verify_part(a.argv[0], a.argv + 1, a.argc - 1));
}
