#include "cli/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"

#define REQUEST_TIMEOUT_S 180L /* checking many hosts is one request */

struct http {
	CURL *curl;
	struct curl_slist *headers;
	struct http_conf conf;
	char base[600], place[300];
	char *pem, *ca_file; /* owned copies */
	char why[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct strbuf *out = ctx;

	strbuf_add(out, data, size * count);
	return out->overflow ? 0 : size * count;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct http *h = ctx;

	return h->conf.stop && *h->conf.stop;
}

static void set_trust(CURL *curl, const struct http_conf *conf)
{
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };

	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, conf->pem || conf->ca_file ? 1L : 0L);
	/* a certificate that we know by itself needs no name */
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, conf->ca_file ? 2L : 0L);
	if (conf->ca_file) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca_file);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	} else if (conf->pem) {
		blob.data = (void *)conf->pem;
		blob.len = strlen(conf->pem);
		curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
}

static void set_common(CURL *curl, const struct http_conf *conf)
{
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, conf->url.tls ? "https" : "http");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)conf->connect_timeout_s);
}

static void set_request(struct http *h)
{
	CURL *curl = h->curl;

	h->headers = curl_slist_append(h->headers, "Content-Type: application/json");
	h->headers = curl_slist_append(h->headers, "Accept: application/json");
	h->headers = curl_slist_append(h->headers, "Expect:");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, h->headers);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "pgtandem/" PGTANDEM_VERSION);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, REQUEST_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_COOKIEFILE, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, h->why);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, h);
}

enum err_code http_new(const struct http_conf *conf, struct http **out, struct err *e)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->conf = *conf;
	h->pem = xstrdup(conf->pem);
	h->ca_file = xstrdup(conf->ca_file);
	h->conf.pem = h->pem;
	h->conf.ca_file = h->ca_file;
	url_base(&conf->url, h->base, sizeof(h->base));
	url_place(&conf->url, h->place, sizeof(h->place));
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(h->curl = curl_easy_init())) {
		http_free(&h);
		return err_set(e, ERR_INTERNAL, "the HTTP library does not start");
	}
	set_common(h->curl, &h->conf);
	set_trust(h->curl, &h->conf);
	set_request(h);
	*out = h;
	return ERR_OK;
}

void http_free(struct http **h)
{
	if (!*h)
		return;
	if ((*h)->curl)
		curl_easy_cleanup((*h)->curl);
	curl_slist_free_all((*h)->headers);
	free_str(&(*h)->pem);
	free_str(&(*h)->ca_file);
	free(*h);
	*h = NULL;
}

static enum err_code explain(const char *place, CURLcode code, const char *why, struct err *e)
{
	why = str_or(why, curl_easy_strerror(code));
	switch (code) {
	case CURLE_ABORTED_BY_CALLBACK:
		return err_set(e, ERR_CANCELLED, "interrupted");
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(e, ERR_TIMEOUT, "the controller at %s does not answer: %s", place,
		               why);
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(e, ERR_REFUSED, "the certificate of %s is not trusted: %s", place,
		               why);
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(e, ERR_REFUSED, "the file of authorities cannot be used: %s", why);
	case CURLE_WRITE_ERROR:
		return err_set(e, ERR_PARSE, "the reply of %s is longer than %u MiB", place,
		               HTTP_REPLY_MAX >> 20);
	default:
		err_set(e, ERR_UNREACHABLE, "no connection to the controller at %s: %s", place,
		        why);
		return err_hint(e, "is pgtandemd running there? another address is given with "
		                   "--controller");
	}
}

enum err_code http_post(struct http *h, const char *path, const char *body, size_t len,
                        struct strbuf *reply, struct err *e)
{
	CLEANUP(free_str) char *url = xasprintf("%s%s", h->base, path);
	CURLcode code;

	reply->max = HTTP_REPLY_MAX;
	h->why[0] = '\0';
	curl_easy_setopt(h->curl, CURLOPT_URL, url);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, reply);
	code = curl_easy_perform(h->curl);
	/* the body may hold a password; the library must not look at it again */
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, "");
	return code == CURLE_OK ? ERR_OK : explain(h->place, code, h->why, e);
}

/* "Cert:-----BEGIN CERTIFICATE-----..." of the first certificate of the chain. */
static const char *first_pem(CURL *curl)
{
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
	    info->num_of_certs < 1)
		return NULL;
	for (struct curl_slist *line = info->certinfo[0]; line; line = line->next)
		if (str_starts(line->data, "Cert:"))
			return line->data + strlen("Cert:");
	return NULL;
}

enum err_code http_certificate(const struct http_conf *conf, struct strbuf *pem, struct err *e)
{
	char base[600], place[300], why[CURL_ERROR_SIZE] = "";
	enum err_code code = ERR_OK;
	const char *found;
	CURLcode result;
	CURL *curl;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	curl = curl_easy_init();
	if (!curl)
		return err_set(e, ERR_INTERNAL, "the HTTP library does not start");
	set_common(curl, conf);
	curl_easy_setopt(curl, CURLOPT_URL, url_base(&conf->url, base, sizeof(base)));
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	result = curl_easy_perform(curl);
	found = result == CURLE_OK ? first_pem(curl) : NULL;
	if (found)
		strbuf_adds(pem, found);
	else
		code = explain(url_place(&conf->url, place, sizeof(place)),
		               result == CURLE_OK ? CURLE_SSL_CONNECT_ERROR : result, why, e);
	curl_easy_cleanup(curl);
	return code;
}
