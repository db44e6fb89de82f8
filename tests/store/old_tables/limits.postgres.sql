CREATE TABLE inputs (
	digest VARCHAR(64) NOT NULL,
	payload TEXT NOT NULL,
	PRIMARY KEY (digest)
);
CREATE TABLE models (
	model BIGSERIAL NOT NULL,
	name VARCHAR(200) NOT NULL,
	version VARCHAR(200) NOT NULL,
	digest VARCHAR(200) NOT NULL,
	feature_names TEXT NOT NULL,
	PRIMARY KEY (model),
	UNIQUE (name, version, digest)
);
CREATE TABLE profiles (
	source VARCHAR(64) NOT NULL,
	kind VARCHAR(16) NOT NULL,
	id VARCHAR(128) NOT NULL,
	payload TEXT NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (source, kind, id)
);
CREATE TABLE exclusions (
	request_id VARCHAR(64) NOT NULL,
	broken_limit VARCHAR(40) NOT NULL,
	pairs INTEGER NOT NULL,
	model BIGINT NOT NULL,
	predicted_at BIGINT NOT NULL,
	PRIMARY KEY (request_id, broken_limit),
	FOREIGN KEY(model) REFERENCES models (model)
);
CREATE TABLE predictions (
	number BIGSERIAL NOT NULL,
	prediction_id VARCHAR(64) NOT NULL,
	request_id VARCHAR(64) NOT NULL,
	model BIGINT NOT NULL,
	predicted_at BIGINT NOT NULL,
	candidate_id VARCHAR(128) NOT NULL,
	job_id VARCHAR(128) NOT NULL,
	candidate_input VARCHAR(64) NOT NULL,
	job_input VARCHAR(64) NOT NULL,
	company_probability DOUBLE PRECISION,
	candidate_probability DOUBLE PRECISION,
	match_probability DOUBLE PRECISION NOT NULL,
	features BYTEA NOT NULL,
	position INTEGER,
	ranked_from INTEGER,
	broken_limits VARCHAR(200),
	PRIMARY KEY (number),
	UNIQUE (prediction_id),
	FOREIGN KEY(model) REFERENCES models (model)
);
CREATE INDEX predictions_by_time ON predictions (model, predicted_at);
CREATE TABLE outcomes (
	prediction_id VARCHAR(64) NOT NULL,
	outcome VARCHAR(16) NOT NULL,
	occurred_at BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	PRIMARY KEY (prediction_id, outcome),
	FOREIGN KEY(prediction_id) REFERENCES predictions (prediction_id)
);
