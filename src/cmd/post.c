#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <base/mem.h>
#include <os/at.h>
#include "tool.h"

int tool_post(const char *name, u32 mode, int fd)
{
	autofree char *path = mem_printf("/srv/%s", name);
	char num[16];
	autofd int s = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	/* whatever the umask */
	if (s < 0 || at_chmod(s, "", mode) < 0) {
		tool_oops("post %s", path);
		return -1;
	}
	snprintf(num, sizeof num, "%d", fd);
	if (write(s, num, strlen(num)) < 0) {
		tool_oops("post %s", path);
		return -1;
	}
	return 0;
}
