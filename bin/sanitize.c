/*
 * What the sanitizers do in anthill and ants when the environment does not
 * say: a leak check needs to trace its own process and to see /proc, which
 * a program in name spaces of its own often cannot; it would fail there
 * with every exit.  Unit tests do check leaks.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
