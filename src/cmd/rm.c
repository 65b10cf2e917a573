#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <base/str.h>
#include <os/file.h>
#include "cmds.h"
#include "tool.h"

static bool quiet;

static int complain(const char *path)
{
	if (!quiet)
		tool_oops("%s", path);
	return 1;
}

static int tree(const char *path);

/* inside removes what a directory holds; the names are read first, for removing while reading may skip some. */
static int inside(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char **name = NULL;
	int n = 0, bad = 0;

	if (d == NULL)
		return complain(path);
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			name = mem_grow(name, (size_t)n + 1, sizeof *name);
			name[n++] = mem_printf("%s/%s", path, e->d_name);
		}
	closedir(d);
	for (int i = 0; i < n; i++) {
		bad |= tree(name[i]);
		free(name[i]);
	}
	free(name);
	return bad;
}

static int tree(const char *path)
{
	FileInfo f;

	if (file_lstat(path, &f) == 0 && f.type == 'd')
		return inside(path) || (rmdir(path) < 0 && complain(path));
	return unlink(path) < 0 && complain(path);
}

/* plain removes a file or an empty directory: Plan 9 has one call for both. */
static int plain(const char *path)
{
	FileInfo f;

	if (file_lstat(path, &f) == 0 && f.type == 'd')
		return rmdir(path) < 0 && complain(path);
	return unlink(path) < 0 && complain(path);
}

int cmd_rm(int argc, char **argv)
{
	Args a;
	int k, bad = 0;
	bool recursive = false;

	args_init(&a, argc, argv, "rm [-fr] file ...");
	while ((k = args_flag(&a)) != 0)
		switch (k) {
		case 'f':
			quiet = true;
			break;
		case 'r':
			recursive = true;
			break;
		default:
			args_usage(&a);
		}
	if (a.argc == 0 && !quiet)
		args_usage(&a);
	for (int i = 0; i < a.argc; i++) {
		const char *base = path_base(a.argv[i]);

		if (recursive && (strcmp(base, ".") == 0 || strcmp(base, "..") == 0 || *base == '\0')) {
			tool_warn("will not remove '%s'", a.argv[i]);
			bad = 1;
			continue;
		}
		bad |= recursive ? tree(a.argv[i]) : plain(a.argv[i]);
	}
	return quiet ? 0 : bad;
}
