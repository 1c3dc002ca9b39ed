#include "model/job.h"

#include "base/macros.h"
#include "base/str.h"
#include "model/field.h"
#include "model/user.h"
#include "model/wire.h"

#define TO(state) (1u << JOB_##state)

struct state_row {
	const char *name;
	const char *text;
	unsigned int next; /* states that may follow */
	bool final;
};

/* A job whose runner or engine died goes from RUNNING back to DEQUEUED, and on. */
static const struct state_row states[JOB_STATES] = {
	[JOB_DEFINED] = { "DEFINED", "Pending",
	                  TO(DEQUEUED) | TO(SCHEDULED) | TO(PAUSED) | TO(FAILED) | TO(ABORTED) },
	[JOB_DEQUEUED] = { "DEQUEUED", "Starting...",
	                   TO(RUNNING) | TO(DEFINED) | TO(FAILED) | TO(ABORTED) },
	[JOB_RUNNING] = { "RUNNING", "Running...",
	                  TO(DEQUEUED) | TO(FINISHED) | TO(FAILED) | TO(ABORTED) },
	[JOB_SCHEDULED] = { "SCHEDULED", "Scheduled",
	                    TO(DEFINED) | TO(PAUSED) | TO(FAILED) | TO(ABORTED) },
	[JOB_PAUSED] = { "PAUSED", "Paused", TO(DEFINED) | TO(SCHEDULED) | TO(ABORTED) },
	[JOB_FINISHED] = { "FINISHED", "Job finished.", 0, true },
	[JOB_FAILED] = { "FAILED", "Job failed.", 0, true },
	[JOB_ABORTED] = { "ABORTED", "Job aborted.", 0, true },
};

const char *job_state_name(enum job_state s)
{
	return s < JOB_STATES ? states[s].name : "UNKNOWN";
}

const char *job_state_text(enum job_state s)
{
	return s < JOB_STATES ? states[s].text : "";
}

bool job_state_final(enum job_state s)
{
	return s < JOB_STATES && states[s].final;
}

bool job_state_may(enum job_state from, enum job_state to)
{
	return from < JOB_STATES && to < JOB_STATES && (states[from].next & (1u << to));
}

bool job_state_parse(const char *name, enum job_state *out)
{
	for (size_t i = 0; i < JOB_STATES; i++) {
		if (str_ieq(states[i].name, name)) {
			*out = (enum job_state)i;
			return true;
		}
	}
	return false;
}

/* States that can be reached from FROM, by as many passes as there are states. */
static unsigned int reachable(unsigned int from)
{
	for (size_t pass = 0; pass < JOB_STATES; pass++) {
		for (size_t i = 0; i < JOB_STATES; i++) {
			if (from & (1u << i))
				from |= states[i].next;
		}
	}
	return from;
}

enum err_code job_state_check(struct err *e)
{
	unsigned int ends = TO(FINISHED) | TO(FAILED) | TO(ABORTED);
	unsigned int reached = reachable(TO(DEFINED));

	for (size_t i = 0; i < JOB_STATES; i++) {
		const struct state_row *row = &states[i];

		if (row->name == NULL || row->text == NULL)
			return err_set(e, ERR_INTERNAL, "job state %zu has no name", i);
		if (!(reached & (1u << i)))
			return err_set(e, ERR_INTERNAL, "job state %s is never reached", row->name);
		if (row->final != (row->next == 0) || row->final != !!(ends & (1u << i)))
			return err_set(e, ERR_INTERNAL, "job state %s: final or not?", row->name);
		if (!row->final && !(reachable(row->next) & ends))
			return err_set(e, ERR_INTERNAL, "job state %s never ends", row->name);
	}
	return ERR_OK;
}

static const char *const phase_names[] = {
	[JOB_PHASE_NEW] = "new",
	[JOB_PHASE_RUN] = "run",
	[JOB_PHASE_UNDO] = "undo",
};

const char *job_phase_name(enum job_phase p)
{
	return p < ARRAY_SIZE(phase_names) ? phase_names[p] : "new";
}

bool job_phase_parse(const char *name, enum job_phase *out)
{
	int i = name_index(phase_names, ARRAY_SIZE(phase_names), name);

	if (i >= 0)
		*out = (enum job_phase)i;
	return i >= 0;
}

static const struct {
	const char *name, *status;
} levels[] = {
	[JOB_MESSAGE] = { "MESSAGE", "JOB_SUCCESS" },
	[JOB_WARNING] = { "WARNING", "JOB_WARNING" },
	[JOB_FAILURE] = { "FAILURE", "JOB_FAILED" },
	[JOB_DEBUG] = { "DEBUG", "JOB_DEBUG" },
};

const char *job_level_name(enum job_level l)
{
	return levels[l < ARRAY_SIZE(levels) ? l : JOB_MESSAGE].name;
}

const char *job_level_status(enum job_level l)
{
	return levels[l < ARRAY_SIZE(levels) ? l : JOB_MESSAGE].status;
}

bool job_level_parse(const char *name, enum job_level *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (str_ieq(levels[i].name, name)) {
			*out = (enum job_level)i;
			return true;
		}
	}
	return false;
}

static const char *const step_names[] = {
	[STEP_PENDING] = "pending", [STEP_RUNNING] = "running", [STEP_DONE] = "done",
	[STEP_FAILED] = "failed",   [STEP_UNDONE] = "undone",
};

const char *job_step_state_name(enum job_step_state s)
{
	return s < ARRAY_SIZE(step_names) ? step_names[s] : "pending";
}

bool job_step_state_parse(const char *name, enum job_step_state *out)
{
	int i = name_index(step_names, ARRAY_SIZE(step_names), name);

	if (i >= 0)
		*out = (enum job_step_state)i;
	return i >= 0;
}

static void set_progress(const struct job_progress *p, struct json *j)
{
	json_set_bool(j, "has_progress", p->known);
	if (!p->known)
		return;
	json_set_real(j, "progress_percent", p->percent);
	if (!str_empty(p->text))
		wire_set_text(j, "progress_text", p->text);
	if (p->total_bytes > 0 || p->done_bytes > 0) {
		json_set_int(j, "progress_done_bytes", p->done_bytes);
		json_set_int(j, "progress_total_bytes", p->total_bytes);
		json_set_int(j, "progress_rate", p->rate);
	}
	if (p->eta_s >= 0)
		json_set_int(j, "progress_eta", p->eta_s);
}

static struct json *spec_json(const struct job *job)
{
	struct json *spec = json_object_new();

	json_set_str(spec, "command", str_or(job->command, ""));
	wire_set_parsed(spec, "job_data", job->job_data);
	return spec;
}

static void set_times(const struct job *job, struct json *j)
{
	wire_set_time(j, "created", job->created);
	wire_set_time(j, "started", job->started);
	wire_set_time(j, "ended", job->ended);
	wire_set_time(j, "scheduled", job->scheduled);
}

static void set_owner(const struct job *job, struct json *j)
{
	json_set_int(j, "user_id", job->user_id);
	json_set_str(j, "user_name", str_or(job->user_name, WIRE_SYSTEM_USER));
	json_set_int(j, "group_id", job->group_id);
	json_set_str(j, "group_name", str_or(job->group_name, GROUP_ADMINS));
	json_set_str(j, "ip_address", str_or(job->ip_address, ""));
}

struct json *job_wire_json(const struct job *job)
{
	struct json *j = json_object_new();
	bool active = job->state == JOB_DEQUEUED || job->state == JOB_RUNNING;

	json_set_str(j, "class_name", "CmonJobInstance");
	json_set_int(j, "job_id", job->id);
	json_set_int(j, "cluster_id", job->cluster_id);
	json_set_str(j, "title", str_or(job->title, "Untitled Job"));
	json_set_str(j, "status", job_state_name(job->state));
	wire_set_text(j, "status_text", str_or(job->status_text, job_state_text(job->state)));
	set_times(job, j);
	set_progress(&job->progress, j);
	set_owner(job, j);
	json_set_int(j, "exit_code", job->exit_code);
	json_set_bool(j, "can_be_aborted", !job_state_final(job->state));
	json_set_bool(j, "can_be_deleted", !active);
	if (!str_empty(job->recurrence))
		json_set_str(j, "recurrence", job->recurrence);
	wire_set_strings(j, "tags", job->tags, job->n_tags);
	json_set_str(j, "rpc_version", "2.0");
	if (job->parent_job_id != 0)
		json_set_int(j, "parent_job_id", job->parent_job_id);
	json_set(j, "job_spec", spec_json(job));
	wire_set_parsed(j, "result", job->result);
	return j;
}

struct json *job_message_wire_json(const struct job_message *m)
{
	struct json *j = json_object_new();

	json_set_str(j, "class_name", "CmonJobMessage");
	json_set_int(j, "message_id", m->id);
	json_set_int(j, "job_id", m->job_id);
	wire_set_time(j, "created", m->created);
	json_set_str(j, "file_name", str_or(m->file, ""));
	json_set_int(j, "line_number", m->line);
	json_set_str(j, "message_status", job_level_status(m->level));
	wire_set_text(j, "message_text", m->text);
	wire_set_parsed(j, "fields", m->fields);
	return j;
}

struct json *job_step_wire_json(const struct job_step *s)
{
	struct json *j = json_object_new();

	json_set_int(j, "seq", s->seq);
	json_set_str(j, "name", s->name);
	wire_set_text(j, "title", s->title);
	json_set_str(j, "host", str_or(s->host, ""));
	json_set_str(j, "state", job_step_state_name(s->state));
	wire_set_text(j, "note", s->note);
	wire_set_time(j, "started", s->started);
	wire_set_time(j, "ended", s->ended);
	json_set_int(j, "tries", s->tries);
	return j;
}
