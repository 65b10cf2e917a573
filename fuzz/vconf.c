/* venti.conf, and sizes. */
#include <string.h>
#include <arena/conf.h>
#include <base/mem.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	autofree char *text = mem_strn((const char *)data, n < 8192 ? n : 8192);
	u64 v;

	conf_free(conf_parse(text, strlen(text), "fuzz"));
	(void)!conf_size(text, &v);
	return 0;
}
