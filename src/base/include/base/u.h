/*
 * The few words every file uses: short integer names, array length,
 * attributes.  Nothing here allocates, fails or touches the system.
 */
#ifndef BASE_U_H
#define BASE_U_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

#define nelem(a) (sizeof(a) / sizeof((a)[0]))
#define must_use __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define container_of(p, T, field) ((T *)(void *)((char *)(p) - offsetof(T, field)))

#endif
