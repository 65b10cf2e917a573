/*
 * Integers in bytes: little-endian (9P) and big-endian (venti, DNS).
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <base/u.h>

static inline u16 le16(const u8 *p) { return (u16)(p[0] | p[1] << 8); }
static inline u32 le32(const u8 *p) { return (u32)le16(p) | (u32)le16(p + 2) << 16; }
static inline u64 le64(const u8 *p) { return (u64)le32(p) | (u64)le32(p + 4) << 32; }
static inline void put_le16(u8 *p, u16 v) { p[0] = (u8)v; p[1] = (u8)(v >> 8); }
static inline void put_le32(u8 *p, u32 v) { put_le16(p, (u16)v); put_le16(p + 2, (u16)(v >> 16)); }
static inline void put_le64(u8 *p, u64 v) { put_le32(p, (u32)v); put_le32(p + 4, (u32)(v >> 32)); }
static inline u16 be16(const u8 *p) { return (u16)(p[0] << 8 | p[1]); }
static inline u32 be32(const u8 *p) { return (u32)be16(p) << 16 | be16(p + 2); }
static inline void put_be16(u8 *p, u16 v) { p[0] = (u8)(v >> 8); p[1] = (u8)v; }
static inline void put_be32(u8 *p, u32 v) { put_be16(p, (u16)(v >> 16)); put_be16(p + 2, (u16)v); }

#endif
