/*
 * The main of a fuzzer in a build without libFuzzer: feeds it files (a
 * directory means all in it), one TAP test each.  A crash is the failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int count;

static int one(const char *path)
{
	static uint8_t data[1 << 20];
	size_t n;
	FILE *f = fopen(path, "rb");
	uint8_t *copy;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	n = fread(data, 1, sizeof data, f);
	fclose(f);
	copy = malloc(n); /* exactly as long as the input, so that ASan sees an overrun */
	if (copy == NULL && n > 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		copy[i] = data[i];
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	printf("ok %d - %s\n", ++count, path);
	fflush(stdout);
	return 0;
}

static int folder(const char *path)
{
	char name[4096];
	const struct dirent *e;
	DIR *d = opendir(path);
	int bad = 0;

	if (d == NULL)
		return one(path);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, e->d_name);
		bad |= one(name);
	}
	closedir(d);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= folder(argv[i]);
	printf("1..%d\n", count);
	return bad != 0 || count == 0;
}
