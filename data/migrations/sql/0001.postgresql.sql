CREATE EXTENSION IF NOT EXISTS btree_gist
CREATE FUNCTION refuse_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - TG_ARGV = to_jsonb(NEW) - TG_ARGV THEN RETURN NEW; END IF; RAISE EXCEPTION '% is append-only: corrections are new rows', TG_TABLE_NAME USING ERRCODE = 'check_violation'; END $$
CREATE TRIGGER account_append_only BEFORE UPDATE OR DELETE ON account FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER approval_append_only BEFORE UPDATE OR DELETE ON approval FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER attachment_append_only BEFORE UPDATE OR DELETE ON attachment FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER bank_line_append_only BEFORE UPDATE OR DELETE ON bank_line FOR EACH ROW EXECUTE FUNCTION refuse_append_only('payment_id')
CREATE TRIGGER bank_statement_append_only BEFORE UPDATE OR DELETE ON bank_statement FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER blob_append_only BEFORE UPDATE OR DELETE ON blob FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER change_append_only BEFORE UPDATE OR DELETE ON change FOR EACH ROW EXECUTE FUNCTION refuse_append_only('seal_number')
CREATE TRIGGER charge_append_only BEFORE UPDATE OR DELETE ON charge FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER contract_append_only BEFORE UPDATE OR DELETE ON contract FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER contract_change_append_only BEFORE UPDATE OR DELETE ON contract_change FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER coupon_append_only BEFORE UPDATE OR DELETE ON coupon FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER coupon_redemption_append_only BEFORE UPDATE OR DELETE ON coupon_redemption FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER credit_entry_append_only BEFORE UPDATE OR DELETE ON credit_entry FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER credit_grant_append_only BEFORE UPDATE OR DELETE ON credit_grant FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER customer_append_only BEFORE UPDATE OR DELETE ON customer FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER customer_alias_append_only BEFORE UPDATE OR DELETE ON customer_alias FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER customer_timezone_append_only BEFORE UPDATE OR DELETE ON customer_timezone FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER customer_version_append_only BEFORE UPDATE OR DELETE ON customer_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER delivery_append_only BEFORE UPDATE OR DELETE ON delivery FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER document_input_append_only BEFORE UPDATE OR DELETE ON document_input FOR EACH ROW EXECUTE FUNCTION refuse_append_only('withdrawn_by')
CREATE TRIGGER finding_event_append_only BEFORE UPDATE OR DELETE ON finding_event FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER fx_rate_append_only BEFORE UPDATE OR DELETE ON fx_rate FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER gl_account_append_only BEFORE UPDATE OR DELETE ON gl_account FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER import_mapping_append_only BEFORE UPDATE OR DELETE ON import_mapping FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER ingest_batch_append_only BEFORE UPDATE OR DELETE ON ingest_batch FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE ON journal_entry FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER journal_line_append_only BEFORE UPDATE OR DELETE ON journal_line FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER mapping_version_append_only BEFORE UPDATE OR DELETE ON mapping_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER match_append_only BEFORE UPDATE OR DELETE ON match FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER meter_append_only BEFORE UPDATE OR DELETE ON meter FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER meter_version_append_only BEFORE UPDATE OR DELETE ON meter_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER mrr_close_append_only BEFORE UPDATE OR DELETE ON mrr_close FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER note_append_only BEFORE UPDATE OR DELETE ON note FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER obligation_append_only BEFORE UPDATE OR DELETE ON obligation FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER obligation_billing_append_only BEFORE UPDATE OR DELETE ON obligation_billing FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER obligation_change_append_only BEFORE UPDATE OR DELETE ON obligation_change FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER obligation_posting_append_only BEFORE UPDATE OR DELETE ON obligation_posting FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER party_version_append_only BEFORE UPDATE OR DELETE ON party_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER period_close_append_only BEFORE UPDATE OR DELETE ON period_close FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER plan_append_only BEFORE UPDATE OR DELETE ON plan FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER price_append_only BEFORE UPDATE OR DELETE ON price FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER price_override_append_only BEFORE UPDATE OR DELETE ON price_override FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER product_append_only BEFORE UPDATE OR DELETE ON product FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER resolution_append_only BEFORE UPDATE OR DELETE ON resolution FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER seal_append_only BEFORE UPDATE OR DELETE ON seal FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER seller_append_only BEFORE UPDATE OR DELETE ON seller FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER seller_version_append_only BEFORE UPDATE OR DELETE ON seller_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER setting_version_append_only BEFORE UPDATE OR DELETE ON setting_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER settlement_append_only BEFORE UPDATE OR DELETE ON settlement FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER subscription_append_only BEFORE UPDATE OR DELETE ON subscription FOR EACH ROW EXECUTE FUNCTION refuse_append_only('version')
CREATE TRIGGER subscription_change_append_only BEFORE UPDATE OR DELETE ON subscription_change FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER subscription_item_append_only BEFORE UPDATE OR DELETE ON subscription_item FOR EACH ROW EXECUTE FUNCTION refuse_append_only('ends_on')
CREATE TRIGGER tax_evidence_append_only BEFORE UPDATE OR DELETE ON tax_evidence FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER tax_rate_append_only BEFORE UPDATE OR DELETE ON tax_rate FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER tax_registration_append_only BEFORE UPDATE OR DELETE ON tax_registration FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER usage_adjustment_append_only BEFORE UPDATE OR DELETE ON usage_adjustment FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER usage_archive_append_only BEFORE UPDATE OR DELETE ON usage_archive FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER usage_conflict_append_only BEFORE UPDATE OR DELETE ON usage_conflict FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER usage_event_append_only BEFORE UPDATE OR DELETE ON usage_event FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER usage_identity_append_only BEFORE UPDATE OR DELETE ON usage_identity FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER usage_rejection_append_only BEFORE UPDATE OR DELETE ON usage_rejection FOR EACH ROW EXECUTE FUNCTION refuse_append_only('state', 'settled_by', 'reason', 'replay_batch_id')
CREATE TRIGGER usage_withdrawal_append_only BEFORE UPDATE OR DELETE ON usage_withdrawal FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE FUNCTION change_sealed_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.seal_number IS NOT NULL AND NEW.seal_number IS DISTINCT FROM OLD.seal_number THEN RAISE EXCEPTION 'a change is sealed once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER change_sealed_once BEFORE UPDATE ON change FOR EACH ROW EXECUTE FUNCTION change_sealed_once()
ALTER TABLE charge_live ADD CONSTRAINT charge_live_no_overlap EXCLUDE USING gist (subject_kind WITH =, subject_id WITH =, daterange(service_start, service_end) WITH &&) WHERE (kind = 'regular')
CREATE FUNCTION charge_live_no_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF true THEN RAISE EXCEPTION 'charge_live rows are inserted and deleted, never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER charge_live_no_update BEFORE UPDATE ON charge_live FOR EACH ROW EXECUTE FUNCTION charge_live_no_update()
CREATE FUNCTION charge_live_released() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM charge c WHERE c.releases = OLD.charge_id) THEN RAISE EXCEPTION 'charge_live_released: a live charge ends only by its release' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER charge_live_released BEFORE DELETE ON charge_live FOR EACH ROW EXECUTE FUNCTION charge_live_released()
ALTER TABLE accounting_period ADD CONSTRAINT accounting_period_no_overlap EXCLUDE USING gist (seller_id WITH =, daterange(starts_on, ends_on) WITH &&)
CREATE FUNCTION accounting_period_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (OLD.seller_id, OLD.starts_on, OLD.ends_on) <> (NEW.seller_id, NEW.starts_on, NEW.ends_on) THEN RAISE EXCEPTION 'the days of a period never change' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER accounting_period_fixed BEFORE UPDATE ON accounting_period FOR EACH ROW EXECUTE FUNCTION accounting_period_fixed()
CREATE FUNCTION journal_entry_in_open_period() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM accounting_period p WHERE p.id = NEW.period_id AND p.state <> 'locked' AND NEW.booked_on >= p.starts_on AND NEW.booked_on < p.ends_on) THEN RAISE EXCEPTION 'journal_entry_in_open_period: the period is locked or does not hold the date' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER journal_entry_in_open_period BEFORE INSERT ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_entry_in_open_period()
CREATE FUNCTION document_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.status IN ('issued', 'cancelled') AND to_jsonb(OLD) - ARRAY['status', 'version', 'written_off_on'] <> to_jsonb(NEW) - ARRAY['status', 'version', 'written_off_on'] THEN RAISE EXCEPTION 'document_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_frozen BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_frozen()
CREATE FUNCTION document_stays_issued() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (OLD.status = 'issued' AND NEW.status NOT IN ('issued', 'cancelled')) OR (OLD.status = 'cancelled' AND NEW.status <> 'cancelled') THEN RAISE EXCEPTION 'document_stays_issued: an issued document can only be cancelled' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_stays_issued BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_stays_issued()
CREATE FUNCTION document_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF true THEN RAISE EXCEPTION 'document_no_delete: drafts are discarded, documents cancelled' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER document_no_delete BEFORE DELETE ON document FOR EACH ROW EXECUTE FUNCTION document_no_delete()
CREATE FUNCTION document_issue_approved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.status <> 'issued' AND NEW.status = 'issued' AND NEW.origin = 'own' AND NOT EXISTS (SELECT 1 FROM approval a WHERE a.subject_kind = 'document' AND a.subject_id = NEW.id AND a.decision = 'approved' AND a.content_hash = NEW.content_hash) THEN RAISE EXCEPTION 'document_issue_approved: only what was approved is issued' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_issue_approved BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_issue_approved()
CREATE FUNCTION approval_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.decision = 'approved' AND NEW.subject_kind = 'document' AND EXISTS (SELECT 1 FROM document_input i WHERE i.document_id = NEW.subject_id AND i.actor = NEW.actor) THEN RAISE EXCEPTION 'approval_four_eyes: who entered by hand what a document rests on cannot approve it' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER approval_four_eyes BEFORE INSERT ON approval FOR EACH ROW EXECUTE FUNCTION approval_four_eyes()
CREATE FUNCTION document_line_frozen_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = NEW.document_id AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'document_line_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_line_frozen_insert BEFORE INSERT ON document_line FOR EACH ROW EXECUTE FUNCTION document_line_frozen_insert()
CREATE FUNCTION document_line_frozen_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = OLD.document_id AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'document_line_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_line_frozen_update BEFORE UPDATE ON document_line FOR EACH ROW EXECUTE FUNCTION document_line_frozen_update()
CREATE FUNCTION document_line_frozen_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = OLD.document_id AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'document_line_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER document_line_frozen_delete BEFORE DELETE ON document_line FOR EACH ROW EXECUTE FUNCTION document_line_frozen_delete()
CREATE FUNCTION tax_total_frozen_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = NEW.document_id AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'tax_total_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER tax_total_frozen_insert BEFORE INSERT ON tax_total FOR EACH ROW EXECUTE FUNCTION tax_total_frozen_insert()
CREATE FUNCTION tax_total_frozen_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = OLD.document_id AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'tax_total_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER tax_total_frozen_update BEFORE UPDATE ON tax_total FOR EACH ROW EXECUTE FUNCTION tax_total_frozen_update()
CREATE FUNCTION tax_total_frozen_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = OLD.document_id AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'tax_total_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER tax_total_frozen_delete BEFORE DELETE ON tax_total FOR EACH ROW EXECUTE FUNCTION tax_total_frozen_delete()
CREATE FUNCTION line_discount_frozen_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = (SELECT l.document_id FROM document_line l WHERE l.id = NEW.line_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_discount_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER line_discount_frozen_insert BEFORE INSERT ON line_discount FOR EACH ROW EXECUTE FUNCTION line_discount_frozen_insert()
CREATE FUNCTION line_discount_frozen_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = (SELECT l.document_id FROM document_line l WHERE l.id = OLD.line_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_discount_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER line_discount_frozen_update BEFORE UPDATE ON line_discount FOR EACH ROW EXECUTE FUNCTION line_discount_frozen_update()
CREATE FUNCTION line_discount_frozen_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = (SELECT l.document_id FROM document_line l WHERE l.id = OLD.line_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_discount_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER line_discount_frozen_delete BEFORE DELETE ON line_discount FOR EACH ROW EXECUTE FUNCTION line_discount_frozen_delete()
CREATE FUNCTION line_tax_frozen_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = (SELECT l.document_id FROM document_line l WHERE l.id = NEW.line_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_tax_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER line_tax_frozen_insert BEFORE INSERT ON line_tax FOR EACH ROW EXECUTE FUNCTION line_tax_frozen_insert()
CREATE FUNCTION line_tax_frozen_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = (SELECT l.document_id FROM document_line l WHERE l.id = OLD.line_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_tax_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER line_tax_frozen_update BEFORE UPDATE ON line_tax FOR EACH ROW EXECUTE FUNCTION line_tax_frozen_update()
CREATE FUNCTION line_tax_frozen_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id = (SELECT l.document_id FROM document_line l WHERE l.id = OLD.line_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_tax_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER line_tax_frozen_delete BEFORE DELETE ON line_tax FOR EACH ROW EXECUTE FUNCTION line_tax_frozen_delete()
