#include "rpc/decode.h"

#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "rpc/jobdata.h"

/* What was found clean stays so: the second look finds nothing and changes nothing. */
static void check_job(const struct rpc_job *job, const struct json *data)
{
	CLEANUP(json_free) struct json *clean = NULL, *again = NULL;
	struct arena *a = arena_new();
	struct faults f, second;
	struct err e = { 0 };

	faults_init(&f, a);
	jobdata_decode(job, data, &clean, &f);
	if (faults_report(&f, &e) == ERR_OK) {
		faults_init(&second, a);
		jobdata_decode(job, clean, &again, &second);
		FUZZ_CHECK(second.count == 0);
		FUZZ_CHECK(json_equal(clean, again));
	} else {
		FUZZ_CHECK(e.text[0]);
	}
	arena_free(&a);
}

static void check_op(const struct rpc_op *op, const struct json *in)
{
	struct arena *a = arena_new();
	struct faults f;

	faults_init(&f, a);
	decode(op->message, in, "", arena_alloc(a, op->message->size), NULL, &f);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(json_free) struct json *j = NULL;

	if (json_parse((const char *)data, len, &j, NULL) != ERR_OK)
		return 0;
	for (size_t i = 0; i < rpc_jobs_count; i++)
		check_job(&rpc_jobs[i], j);
	for (size_t i = 0; i < rpc_ops_count; i++)
		check_op(&rpc_ops[i], j);
	return 0;
}
