#include "random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void random_bytes(void *buf, size_t len)
{
	unsigned char *p = buf;
	ssize_t n;

	while (len) {
		n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		/* Going on without randomness would make guessable secrets. */
		if (n <= 0)
			abort();
		p += n;
		len -= (size_t)n;
	}
}

void random_hex(char *out, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char byte;
	size_t i;

	for (i = 0; i < len; i++) {
		random_bytes(&byte, 1);
		out[2 * i] = digits[byte >> 4];
		out[2 * i + 1] = digits[byte & 15];
	}
	out[2 * len] = '\0';
}

void random_uuid(char out[37])
{
	unsigned char b[16];

	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4, RFC 4122 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	         b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
	         b[13], b[14], b[15]);
}

void random_password(char out[33])
{
	static const char letters[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const size_t count = sizeof(letters) - 1;
	unsigned char byte;
	size_t i = 0;

	while (i < 32) {
		random_bytes(&byte, 1);
		/* The remainder of 256 / 62 would favour the first letters. */
		if (byte < 256 / count * count)
			out[i++] = letters[byte % count];
	}
	out[32] = '\0';
}
