/*
 * sum(1).  Plan 9's own sum is the CRC of Ethernet without the inversions
 * at either end, over the file and then the four bytes of its length, each
 * with some bits turned so that nothing does not sum to nothing.
 */
#include <fcntl.h>
#include <unistd.h>
#include "cmds.h"
#include "tool.h"

typedef u32 Sum(u32 sum, const u8 *p, size_t n);

static u32 crc(u32 sum, const u8 *p, size_t n)
{
	static u32 table[256];

	if (table[1] == 0)
		for (u32 i = 0; i < 256; i++) {
			table[i] = i;
			for (int k = 0; k < 8; k++)
				table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0xedb88320 : 0);
		}
	while (n-- > 0)
		sum = table[(sum ^ *p++) & 0xff] ^ (sum >> 8);
	return sum;
}

static u32 rotated(u32 sum, const u8 *p, size_t n)
{
	while (n-- > 0)
		sum = ((sum >> 1) + (sum << 15) + *p++) & 0xffff;
	return sum;
}

static u32 added(u32 sum, const u8 *p, size_t n)
{
	while (n-- > 0)
		sum += *p++;
	return sum;
}

static void print(Sum *f, u32 sum, u64 n)
{
	u8 tail[4] = { (u8)(n >> 24) ^ 0xcc, (u8)(n >> 16) ^ 0x55, (u8)(n >> 8) ^ 0xcc, (u8)n ^ 0x55 };

	if (f == crc) {
		printf("%.8x %6llu", crc(sum, tail, sizeof tail), (unsigned long long)n);
		return;
	}
	if (f == added)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	printf("%.5u%6llu", sum, (unsigned long long)(f == added ? (n + 511) / 512 : (n + 1023) / 1024));
}

static int sum_fd(Sum *f, int fd, const char *name)
{
	static u8 buf[65536];
	u64 total = 0;
	u32 sum = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) > 0) {
		sum = f(sum, buf, (size_t)n);
		total += (u64)n;
	}
	if (n < 0) {
		tool_oops("reading %s", name != NULL ? name : "standard input");
		return 1;
	}
	print(f, sum, total);
	if (name != NULL)
		printf(" %s", name);
	putchar('\n');
	return 0;
}

int cmd_sum(int argc, char **argv)
{
	Sum *f = crc;
	Args a;
	int k, bad = 0;

	args_init(&a, argc, argv, "sum [-5r] [file ...]");
	while ((k = args_flag(&a)) != 0) {
		if (k != '5' && k != 'r')
			args_usage(&a);
		f = k == 'r' ? rotated : added;
	}
	if (a.argc == 0)
		return tool_end(sum_fd(f, 0, NULL));
	for (int i = 0; i < a.argc; i++) {
		autofd int fd = open(a.argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			tool_oops("can't open %s", a.argv[i]);
		bad |= fd < 0 || sum_fd(f, fd, a.argv[i]);
	}
	return tool_end(bad);
}
