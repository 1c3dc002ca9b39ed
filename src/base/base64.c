#include "base64.h"

#include <stdint.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t len, struct strbuf *out)
{
	const unsigned char *p = data;
	uint32_t word;
	char quad[4];
	size_t n;

	while (len) {
		n = len < 3 ? len : 3;
		word = (uint32_t)p[0] << 16;
		if (n > 1)
			word |= (uint32_t)p[1] << 8;
		if (n > 2)
			word |= p[2];
		quad[0] = letters[word >> 18];
		quad[1] = letters[word >> 12 & 63];
		quad[2] = n > 1 ? letters[word >> 6 & 63] : '=';
		quad[3] = n > 2 ? letters[word & 63] : '=';
		strbuf_add(out, quad, 4);
		p += n;
		len -= n;
	}
}

static int value_of(char c)
{
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (int)(at - letters) : -1;
}

/* Four letters into one to three bytes; 0 when they are malformed. */
static size_t decode_quad(const char *quad, unsigned char bytes[3])
{
	size_t pad = quad[3] == '=' ? (quad[2] == '=' ? 2 : 1) : 0, i;
	uint32_t word = 0;
	int v;

	for (i = 0; i < 4; i++) {
		v = i < 4 - pad ? value_of(quad[i]) : 0;
		if (v < 0)
			return 0;
		word = word << 6 | (uint32_t)v;
	}
	/* One text for one value: the bits behind the last byte are zero. */
	if ((pad == 1 && (word & 0xff)) || (pad == 2 && (word & 0xffff)))
		return 0;
	bytes[0] = (unsigned char)(word >> 16);
	bytes[1] = (unsigned char)(word >> 8);
	bytes[2] = (unsigned char)word;
	return 3 - pad;
}

enum err_code base64_decode(const char *text, struct strbuf *out, struct err *e)
{
	size_t len = strlen(text), before = out->len, i, n = 3;
	unsigned char bytes[3];

	for (i = 0; len % 4 == 0 && i < len; i += 4) {
		/* Padding only at the end. */
		n = n == 3 ? decode_quad(text + i, bytes) : 0;
		if (n == 0)
			break;
		strbuf_add(out, bytes, n);
	}
	if (len % 4 == 0 && n != 0)
		return ERR_OK;
	if (out->data) {
		out->len = before;
		out->data[before] = '\0';
	}
	return err_set(e, ERR_PARSE, "malformed base64 text");
}
