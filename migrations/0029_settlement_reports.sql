-- What reconciling a settlement file came to, so that it can be read later: a report, and its lines that differ.
--
-- New tables only. Older code survives beside it, and keeps no reports.

create table settlement_reports (
  -- Made of the file and of what the comparison came to: the same again is the same report.
  report_id        text collate "C" primary key,
  provider         text        not null,
  file_name        text        not null,
  file_sha256      bytea       not null check (octet_length(file_sha256) = 32),
  format           text        not null,
  -- In which payments were expected to be settled; null when the file does not say.
  from_at          timestamptz,
  to_at            timestamptz,
  lines            integer     not null check (lines >= 0),
  other_lines      integer     not null check (other_lines >= 0), -- name no payment
  matched          integer     not null check (matched >= 0),
  missing_here     integer     not null check (missing_here >= 0),
  missing_there    integer     not null check (missing_there >= 0),
  amount_differs   integer     not null check (amount_differs >= 0),
  fee_differs      integer     not null check (fee_differs >= 0),
  currency_differs integer     not null check (currency_differs >= 0),
  duplicate        integer     not null check (duplicate >= 0),
  lines_left_out   integer     not null check (lines_left_out >= 0), -- differences that are counted and not kept
  totals           json        not null check (json_typeof(totals) = 'array'), -- by currency
  payouts_total    integer     not null check (payouts_total >= 0),
  payouts_wrong    integer     not null check (payouts_wrong between 0 and payouts_total),
  wrong_payouts    json        not null check (json_typeof(wrong_payouts) = 'array'), -- some of them
  booked_fees      integer     not null check (booked_fees >= 0),
  booked_payouts   integer     not null check (booked_payouts >= 0),
  actor            text        not null,
  started_at       timestamptz not null,
  finished_at      timestamptz not null,
  constraint report_has_both_ends check (num_nulls(from_at, to_at) <> 1)
);

create index settlement_reports_by_time on settlement_reports (finished_at, report_id);

create table settlement_report_lines (
  report_id     text collate "C" not null references settlement_reports,
  number        integer not null check (number > 0),
  outcome       text    not null check (outcome in
                  ('missing_here', 'missing_there', 'amount_differs', 'fee_differs', 'currency_differs', 'duplicate')),
  file_row      integer, -- null for a payment that no line names
  line_id       text,
  kind          text    not null,
  order_uid     text,
  payment_id    text,
  reference     text,
  currency      text,
  amount        bigint,
  net_currency  text,
  fee           bigint,
  ours_currency text,
  ours_amount   bigint,
  primary key (report_id, number)
);

create index settlement_report_lines_by_outcome on settlement_report_lines (report_id, outcome, number);
