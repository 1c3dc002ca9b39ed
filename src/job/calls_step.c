#include "base/str.h"
#include "job/internal.h"
#include "store/clusters.h"

enum err_code call_plan_store(struct runner *r, const struct json *args, struct json **result,
                              struct err *e)
{
	const struct json *context = json_get(args, "context");
	const struct json *steps = json_get(args, "steps");

	if (!json_is_object(context) || !json_is_array(steps))
		return err_set(e, ERR_INVALID, "a plan needs context and steps");
	return store_plan_put(r->engine->store, r->job_id, context, steps, e);
}

/* Another job's plan, for cleaning up after it. */
enum err_code call_plan_get(struct runner *r, const struct json *args, struct json **result,
                            struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct store *s = r->engine->store;
	int64_t id = json_get_int(args, "job_id", 0);
	struct job j;

	TRY(store_job_get(s, id, a, &j, e));
	TRY(store_plan_get(s, id, result, e));
	if (!*result)
		*result = json_object_new();
	json_set_str(*result, "status", job_state_name(j.state));
	return ERR_OK;
}

enum err_code call_step_begin(struct runner *r, const struct json *args, struct json **result,
                              struct err *e)
{
	return store_step_set_state(r->engine->store, r->job_id, json_get_int(args, "seq", -1),
	                            STEP_RUNNING, NULL, e);
}

enum err_code call_step_end(struct runner *r, const struct json *args, struct json **result,
                            struct err *e)
{
	const char *name = json_get_str(args, "state");
	enum job_step_state state;

	if (!name || !job_step_state_parse(name, &state))
		return err_set(e, ERR_INVALID, "\"%s\" is not a state of a step", str_or(name, ""));
	return store_step_set_state(r->engine->store, r->job_id, json_get_int(args, "seq", -1),
	                            state, json_get_str(args, "note"), e);
}

enum err_code call_phase_set(struct runner *r, const struct json *args, struct json **result,
                             struct err *e)
{
	const char *name = json_get_str(args, "phase");
	enum job_phase phase;

	if (!name || !job_phase_parse(name, &phase))
		return err_set(e, ERR_INVALID, "\"%s\" is not a phase", str_or(name, ""));
	return store_job_set_phase(r->engine->store, r->job_id, phase, e);
}

/* What a check found goes to who asked for it. */
static enum err_code answer_check(struct runner *r, const struct json *args, enum job_state state)
{
	struct json *found = json_get(args, "result");
	struct err failure = { 0 };

	if (!r->asker)
		return ERR_OK;
	if (state == JOB_FINISHED) {
		evconn_result(r->asker, r->asker_id, found ? json_ref(found) : NULL);
	} else {
		err_set(&failure, ERR_REMOTE, "%s",
		        str_or(json_get_str(args, "text"), "the check of the hosts failed"));
		evconn_error(r->asker, r->asker_id, &failure);
	}
	r->asker = NULL;
	return ERR_OK;
}

enum err_code call_finish(struct runner *r, const struct json *args, struct json **result,
                          struct err *e)
{
	struct store *s = r->engine->store;
	const char *name = json_get_str(args, "status");
	const char *text = json_get_str(args, "text");
	const struct json *found = json_get(args, "result");
	enum job_state state;

	if (!name || !job_state_parse(name, &state) || !job_state_final(state))
		return err_set(e, ERR_INVALID, "\"%s\" is not the end of a job", str_or(name, ""));
	if (r->job_id == 0)
		return answer_check(r, args, state);
	if (json_is_object(found))
		TRY(store_job_set_result(s, r->job_id, found, e));
	TRY(store_reservation_end(s, r->job_id, e));
	return store_job_set_state(s, r->job_id, state, str_empty(text) ? NULL : text,
	                           state == JOB_FINISHED ? 0 : 1, e);
}
