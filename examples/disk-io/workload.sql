-- SPDX-License-Identifier: Apache-2.0
--
-- What sqlite3 does while its reads and writes are recorded: it builds a database of 50 000 rows, queries and changes it.
-- The contents are computed from the row number, so that every recording has the same bytes.
PRAGMA page_size = 4096;
PRAGMA cache_size = 96;        -- pages; small, so that the program has to read again what it wrote
PRAGMA journal_mode = DELETE;  -- a rollback journal beside the database, deleted at each commit
PRAGMA temp_store = MEMORY;

CREATE TABLE reading (id INTEGER PRIMARY KEY, sensor INTEGER NOT NULL, milli INTEGER NOT NULL, state TEXT NOT NULL);

BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
INSERT INTO reading SELECT i, (i * 7919) % 61, (i * i * 31 + i * 104729) % 100003, substr('okokoklowhigh', 1 + (i * 13) % 9, 4) FROM n;
COMMIT;

CREATE INDEX reading_by_sensor ON reading (sensor, milli);

SELECT count(*), sum(milli) FROM reading WHERE sensor = 17;
SELECT sensor, max(milli) FROM reading GROUP BY sensor ORDER BY 2 DESC LIMIT 3;
SELECT id, state FROM reading WHERE id IN (1, 12345, 25000, 37512, 50000);
SELECT state, count(*) FROM reading WHERE id BETWEEN 20000 AND 30000 GROUP BY state ORDER BY state;

UPDATE reading SET milli = milli + 1 WHERE sensor = 5 AND id < 25000;
DELETE FROM reading WHERE id BETWEEN 40000 AND 40500;
INSERT INTO reading SELECT 60000 + id, 62, milli, 'copy' FROM reading WHERE id <= 300;

SELECT sum(milli * (id % 7)) FROM reading;
