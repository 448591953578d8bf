-- The trace that a change belongs to goes with its event (W3C Trace Context), for those who send one. A column that may be
-- empty and has no default: no row is rewritten, and the code before it goes on working.

alter table events add column traceparent text;
