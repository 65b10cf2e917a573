/*
 * Reads where Linux refuses io_uring, in whole or in part, as seccomp makes it: blocks come all the same, one by one, and the
 * log says so once.  preadv2 is refused too, so that no read is answered from memory at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <arena/arena.h>
#include <arena/arenas.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>
#include <os/diskio.h>
#include "tap.h"

enum { BLOCKS = 100, SIZE = 8000, PART = 4 << 20 };

static char path[256];
static Score score[BLOCKS];
static Lock lk; /* the rest */
static int said;
static char news[ERRMAX];

static void on_log(void *arg, const char *text)
{
	if (strstr(text, "io_uring") == NULL)
		return;
	lock(&lk);
	said++;
	snprintf(news, sizeof news, "%s", text);
	unlock(&lk);
}

static void block(u8 *p, u32 i)
{
	u32 x = i * 104729 + 17;

	for (u32 k = 0; k < SIZE; k++) {
		x = x * 1664525u + 1013904223u;
		p[k] = (u8)(x >> 24);
	}
}

static Store *start(bool noring)
{
	autofree char *text = mem_printf("arenas %s\n", path);
	VtConf *c = conf_parse(text, strlen(text), "conf");
	ArenasOpt o = { .cache = 1, .log = on_log, .noring = noring };
	Store *s = arenas_open(c, &o);

	conf_free(c);
	return s;
}

static bool make(void)
{
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = 1 << 20 };
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	bool good = fd >= 0 && diskio_truncate(fd, PART) == 0;
	Disk *d = good ? disk_open(path, DiskWrite) : NULL;
	u8 p[SIZE];
	Store *s;

	close(fd);
	good = d != NULL && part_format(d, "r", &f, NULL, NULL) == 0;
	disk_close(d);
	s = good ? start(true) : NULL;
	for (u32 i = 0; s != NULL && i < BLOCKS; i++) {
		StoreReq r = { .type = VtData, .p = p, .n = SIZE };

		block(p, i);
		store_write(s, &r, 1);
		good = good && !r.failed;
		score[i] = r.score;
	}
	if (s != NULL)
		store_close(s);
	return good && s != NULL;
}

/* from here on system calls `call` and preadv2 fail */
static bool refuse(int call, int error)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (u32)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (u32)error),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_preadv2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = nelem(f), .filter = f };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

/* reads all blocks, many at once; how many are right */
static u32 read_all(Store *s)
{
	StoreReq *r = mem_array(BLOCKS, sizeof *r);
	u8 *got = mem_array(BLOCKS, SIZE), want[SIZE];
	u32 good = 0;

	for (u32 i = 0; i < BLOCKS; i++)
		r[i] = (StoreReq){ .type = VtData, .score = score[i], .p = got + i * SIZE, .n = SIZE };
	store_read(s, r, BLOCKS);
	for (u32 i = 0; i < BLOCKS; i++) {
		block(want, i);
		good += !r[i].failed && memcmp(want, r[i].p, SIZE) == 0;
		free(r[i].err);
	}
	free(got);
	free(r);
	return good;
}

/* in a process of its own: a filter is for life */
static void with(int call, int error, const char *what)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		Store *s = refuse(call, error) ? start(false) : NULL;
		u32 good = s != NULL ? read_all(s) + read_all(s) : 0;

		if (s != NULL)
			store_close(s);
		if (good != 2 * BLOCKS || said != 1)
			printf("# %u of %d blocks, said %d times: %s\n", good, 2 * BLOCKS, said, news);
		fflush(stdout);
		_exit(good != 2 * BLOCKS || said != 1);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0, "%s: every block is read, and it is told once", what);
}

int main(void)
{
	Store *s;

	lock_init(&lk, RankLeaf);
	snprintf(path, sizeof path, "%s/vring.%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
	ok(make(), "blocks");
	with(SYS_io_uring_setup, ENOSYS, "no io_uring");
	with(SYS_io_uring_setup, EPERM, "io_uring is forbidden");
	with(SYS_io_uring_enter, EPERM, "a ring that may not be entered");
	s = start(true);
	ok(s != NULL && read_all(s) == BLOCKS && said == 0, "without asking for one");
	if (s != NULL)
		store_close(s);
	unlink(path);
	return done();
}
