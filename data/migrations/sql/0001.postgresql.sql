CREATE EXTENSION IF NOT EXISTS btree_gist
CREATE FUNCTION refuse_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - TG_ARGV = to_jsonb(NEW) - TG_ARGV THEN RETURN NEW; END IF; RAISE EXCEPTION '% is append-only: corrections are new rows', TG_TABLE_NAME USING ERRCODE = 'check_violation'; END $$
CREATE TRIGGER account_append_only BEFORE UPDATE OR DELETE ON account FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER approval_append_only BEFORE UPDATE OR DELETE ON approval FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER attachment_append_only BEFORE UPDATE OR DELETE ON attachment FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER balance_transaction_append_only BEFORE UPDATE OR DELETE ON balance_transaction FOR EACH ROW EXECUTE FUNCTION refuse_append_only('payout_id')
CREATE TRIGGER bank_line_append_only BEFORE UPDATE OR DELETE ON bank_line FOR EACH ROW EXECUTE FUNCTION refuse_append_only('payment_id')
CREATE TRIGGER bank_statement_append_only BEFORE UPDATE OR DELETE ON bank_statement FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER blob_append_only BEFORE UPDATE OR DELETE ON blob FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER change_append_only BEFORE UPDATE OR DELETE ON change FOR EACH ROW EXECUTE FUNCTION refuse_append_only('seal_number')
CREATE TRIGGER charge_append_only BEFORE UPDATE OR DELETE ON charge FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER commitment_append_only BEFORE UPDATE OR DELETE ON commitment FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER contract_append_only BEFORE UPDATE OR DELETE ON contract FOR EACH ROW EXECUTE FUNCTION refuse_append_only('version')
CREATE TRIGGER contract_change_append_only BEFORE UPDATE OR DELETE ON contract_change FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER contract_price_append_only BEFORE UPDATE OR DELETE ON contract_price FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER coupon_append_only BEFORE UPDATE OR DELETE ON coupon FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER coupon_end_append_only BEFORE UPDATE OR DELETE ON coupon_end FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER coupon_grant_append_only BEFORE UPDATE OR DELETE ON coupon_grant FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER coupon_redemption_append_only BEFORE UPDATE OR DELETE ON coupon_redemption FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER credit_entry_append_only BEFORE UPDATE OR DELETE ON credit_entry FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER credit_grant_append_only BEFORE UPDATE OR DELETE ON credit_grant FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER customer_append_only BEFORE UPDATE OR DELETE ON customer FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER customer_alias_append_only BEFORE UPDATE OR DELETE ON customer_alias FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER customer_timezone_append_only BEFORE UPDATE OR DELETE ON customer_timezone FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER customer_version_append_only BEFORE UPDATE OR DELETE ON customer_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER delivery_append_only BEFORE UPDATE OR DELETE ON delivery FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER dispute_append_only BEFORE UPDATE OR DELETE ON dispute FOR EACH ROW EXECUTE FUNCTION refuse_append_only('state', 'fee_minor')
CREATE TRIGGER document_input_append_only BEFORE UPDATE OR DELETE ON document_input FOR EACH ROW EXECUTE FUNCTION refuse_append_only('withdrawn_by')
CREATE TRIGGER finding_event_append_only BEFORE UPDATE OR DELETE ON finding_event FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER fx_rate_append_only BEFORE UPDATE OR DELETE ON fx_rate FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER gl_account_append_only BEFORE UPDATE OR DELETE ON gl_account FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER import_mapping_append_only BEFORE UPDATE OR DELETE ON import_mapping FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER ingest_batch_append_only BEFORE UPDATE OR DELETE ON ingest_batch FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE ON journal_entry FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER journal_line_append_only BEFORE UPDATE OR DELETE ON journal_line FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER mapping_version_append_only BEFORE UPDATE OR DELETE ON mapping_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only('approved_by')
CREATE TRIGGER match_append_only BEFORE UPDATE OR DELETE ON match FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER meter_append_only BEFORE UPDATE OR DELETE ON meter FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER meter_version_append_only BEFORE UPDATE OR DELETE ON meter_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER mrr_close_append_only BEFORE UPDATE OR DELETE ON mrr_close FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER note_append_only BEFORE UPDATE OR DELETE ON note FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER obligation_append_only BEFORE UPDATE OR DELETE ON obligation FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER obligation_billing_append_only BEFORE UPDATE OR DELETE ON obligation_billing FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER obligation_change_append_only BEFORE UPDATE OR DELETE ON obligation_change FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER obligation_posting_append_only BEFORE UPDATE OR DELETE ON obligation_posting FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER one_off_append_only BEFORE UPDATE OR DELETE ON one_off FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER party_version_append_only BEFORE UPDATE OR DELETE ON party_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER payment_append_only BEFORE UPDATE OR DELETE ON payment FOR EACH ROW EXECUTE FUNCTION refuse_append_only('account_id', 'state', 'fee_minor', 'version')
CREATE TRIGGER payout_append_only BEFORE UPDATE OR DELETE ON payout FOR EACH ROW EXECUTE FUNCTION refuse_append_only('arrived_on')
CREATE TRIGGER period_close_append_only BEFORE UPDATE OR DELETE ON period_close FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER plan_append_only BEFORE UPDATE OR DELETE ON plan FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER price_append_only BEFORE UPDATE OR DELETE ON price FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER price_override_append_only BEFORE UPDATE OR DELETE ON price_override FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER product_append_only BEFORE UPDATE OR DELETE ON product FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER refund_append_only BEFORE UPDATE OR DELETE ON refund FOR EACH ROW EXECUTE FUNCTION refuse_append_only('reference', 'state', 'approved_by', 'booked_on')
CREATE TRIGGER resolution_append_only BEFORE UPDATE OR DELETE ON resolution FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER routing_rule_version_append_only BEFORE UPDATE OR DELETE ON routing_rule_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only('approved_by')
CREATE TRIGGER seal_append_only BEFORE UPDATE OR DELETE ON seal FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER seller_append_only BEFORE UPDATE OR DELETE ON seller FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER seller_version_append_only BEFORE UPDATE OR DELETE ON seller_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER setting_version_append_only BEFORE UPDATE OR DELETE ON setting_version FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER settlement_append_only BEFORE UPDATE OR DELETE ON settlement FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
CREATE TRIGGER standalone_price_append_only BEFORE UPDATE OR DELETE ON standalone_price FOR EACH ROW EXECUTE FUNCTION refuse_append_only()
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
CREATE FUNCTION change_sealed_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.seal_number IS NOT NULL AND (NEW.seal_number IS NULL OR NEW.seal_number <> OLD.seal_number) THEN RAISE EXCEPTION 'change_sealed_once: a change is sealed once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER change_sealed_once BEFORE UPDATE ON change FOR EACH ROW EXECUTE FUNCTION change_sealed_once()
CREATE FUNCTION price_of_a_draft() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM plan_version v WHERE v.id = NEW.plan_version_id AND v.state <> 'draft') THEN RAISE EXCEPTION 'price_of_a_draft: a published version never changes; write the next version' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER price_of_a_draft BEFORE INSERT ON price FOR EACH ROW EXECUTE FUNCTION price_of_a_draft()
CREATE FUNCTION plan_version_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (OLD.plan_id, OLD.version, OLD.author, OLD.change_id) <> (NEW.plan_id, NEW.version, NEW.author, NEW.change_id) OR (OLD.state <> 'draft' AND (NEW.state = 'draft' OR (OLD.published_by, OLD.content_hash, OLD.published_at) <> (NEW.published_by, NEW.content_hash, NEW.published_at))) THEN RAISE EXCEPTION 'plan_version_fixed: a published version never changes; it can only be retired' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER plan_version_fixed BEFORE UPDATE ON plan_version FOR EACH ROW EXECUTE FUNCTION plan_version_fixed()
CREATE FUNCTION plan_version_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF 1 = 1 THEN RAISE EXCEPTION 'plan_version_no_delete: versions of a plan stay' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER plan_version_no_delete BEFORE DELETE ON plan_version FOR EACH ROW EXECUTE FUNCTION plan_version_no_delete()
CREATE FUNCTION charge_release_mirrors() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.releases <> 0 AND NOT EXISTS (SELECT 1 FROM charge c WHERE c.id = NEW.releases AND c.kind <> 'release' AND c.subject_kind = NEW.subject_kind AND c.subject_id = NEW.subject_id AND c.service_start = NEW.service_start AND c.service_end = NEW.service_end AND c.currency = NEW.currency AND c.amount_minor = -NEW.amount_minor) THEN RAISE EXCEPTION 'charge_release_mirrors: a release is the negative of the charge that it names' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER charge_release_mirrors BEFORE INSERT ON charge FOR EACH ROW EXECUTE FUNCTION charge_release_mirrors()
CREATE FUNCTION charge_live_is_its_charge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM charge c WHERE c.id = NEW.charge_id AND c.kind = NEW.kind AND c.kind <> 'release' AND c.subject_kind = NEW.subject_kind AND c.subject_id = NEW.subject_id AND c.service_start = NEW.service_start AND c.service_end = NEW.service_end AND c.cause = NEW.cause) OR EXISTS (SELECT 1 FROM charge r WHERE r.releases = NEW.charge_id) THEN RAISE EXCEPTION 'charge_live_is_its_charge: a live row repeats its charge, which is not released' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER charge_live_is_its_charge BEFORE INSERT ON charge_live FOR EACH ROW EXECUTE FUNCTION charge_live_is_its_charge()
CREATE FUNCTION charge_live_no_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF 1 = 1 THEN RAISE EXCEPTION 'charge_live_no_update: live rows are inserted and deleted, never changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER charge_live_no_update BEFORE UPDATE ON charge_live FOR EACH ROW EXECUTE FUNCTION charge_live_no_update()
CREATE FUNCTION charge_live_released() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM charge c WHERE c.releases = OLD.charge_id) THEN RAISE EXCEPTION 'charge_live_released: a live charge ends only by its release' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER charge_live_released BEFORE DELETE ON charge_live FOR EACH ROW EXECUTE FUNCTION charge_live_released()
CREATE FUNCTION document_born_draft() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.status IN ('issued', 'cancelled') AND NEW.origin = 'own' THEN RAISE EXCEPTION 'document_born_draft: our own documents begin as drafts' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_born_draft BEFORE INSERT ON document FOR EACH ROW EXECUTE FUNCTION document_born_draft()
CREATE FUNCTION document_stays_issued() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (OLD.status = 'issued' AND NEW.status NOT IN ('issued', 'cancelled')) OR (OLD.status = 'cancelled' AND NEW.status <> 'cancelled') THEN RAISE EXCEPTION 'document_stays_issued: an issued document can only be cancelled' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_stays_issued BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_stays_issued()
CREATE FUNCTION document_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF 1 = 1 THEN RAISE EXCEPTION 'document_no_delete: drafts are discarded, documents cancelled' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER document_no_delete BEFORE DELETE ON document FOR EACH ROW EXECUTE FUNCTION document_no_delete()
CREATE FUNCTION document_issue_approved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.status NOT IN ('issued', 'cancelled') AND NEW.status IN ('issued', 'cancelled') AND NEW.origin = 'own' AND NOT EXISTS (SELECT 1 FROM approval a WHERE a.subject_kind = 'document' AND a.subject_id = NEW.id AND a.decision = 'approved' AND a.content_hash = NEW.content_hash) THEN RAISE EXCEPTION 'document_issue_approved: only what was approved is issued' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_issue_approved BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_issue_approved()
CREATE FUNCTION approval_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.decision = 'approved' AND ((NEW.subject_kind = 'document' AND EXISTS (SELECT 1 FROM document_input i WHERE i.document_id = NEW.subject_id AND i.actor = NEW.actor)) OR (NEW.subject_kind <> 'document' AND EXISTS (SELECT 1 FROM approval r WHERE r.subject_kind = NEW.subject_kind AND r.subject_id = NEW.subject_id AND r.content_hash = NEW.content_hash AND r.decision = 'requested' AND r.actor = NEW.actor))) THEN RAISE EXCEPTION 'approval_four_eyes: who entered by hand what it rests on, or asked for it, cannot approve it' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER approval_four_eyes BEFORE INSERT ON approval FOR EACH ROW EXECUTE FUNCTION approval_four_eyes()
CREATE FUNCTION number_series_forward() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (OLD.seller_id, OLD.kind, OLD.fiscal_year, OLD.prefix) <> (NEW.seller_id, NEW.kind, NEW.fiscal_year, NEW.prefix) OR NEW.next < OLD.next OR (OLD.last_date IS NOT NULL AND (NEW.last_date IS NULL OR NEW.last_date < OLD.last_date)) THEN RAISE EXCEPTION 'number_series_forward: numbers and dates of a series never fall' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER number_series_forward BEFORE UPDATE ON number_series FOR EACH ROW EXECUTE FUNCTION number_series_forward()
CREATE FUNCTION number_series_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF 1 = 1 THEN RAISE EXCEPTION 'number_series_no_delete: a series stays' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER number_series_no_delete BEFORE DELETE ON number_series FOR EACH ROW EXECUTE FUNCTION number_series_no_delete()
CREATE FUNCTION settlement_within_document() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount_minor > 0 AND NEW.reverses = 0 AND NOT EXISTS (SELECT 1 FROM document d WHERE d.id = NEW.document_id AND d.currency = NEW.currency AND d.total_minor >= NEW.amount_minor + (SELECT coalesce(sum(s.amount_minor), 0) FROM settlement s WHERE s.document_id = NEW.document_id)) THEN RAISE EXCEPTION 'settlement_within_document: it is more than the document leaves open, or in another currency' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER settlement_within_document BEFORE INSERT ON settlement FOR EACH ROW EXECUTE FUNCTION settlement_within_document()
CREATE FUNCTION settlement_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.kind = 'payment' AND NEW.reverses = 0 AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = NEW.source_id AND p.currency = NEW.source_currency AND p.amount_minor >= NEW.source_minor + (SELECT coalesce(sum(s.source_minor), 0) FROM settlement s WHERE s.kind = 'payment' AND s.source_id = NEW.source_id) + (SELECT coalesce(sum(r.amount_minor), 0) FROM refund r WHERE r.payment_id = NEW.source_id AND r.state <> 'failed')) THEN RAISE EXCEPTION 'settlement_within_payment: it is more than the payment has left, or in another currency' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER settlement_within_payment BEFORE INSERT ON settlement FOR EACH ROW EXECUTE FUNCTION settlement_within_payment()
CREATE FUNCTION settlement_reversal_mirrors() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.reverses <> 0 AND NOT EXISTS (SELECT 1 FROM settlement o WHERE o.id = NEW.reverses AND o.reverses = 0 AND o.document_id = NEW.document_id AND o.kind = NEW.kind AND o.source_id = NEW.source_id AND o.amount_minor = -NEW.amount_minor AND o.source_minor = -NEW.source_minor) THEN RAISE EXCEPTION 'settlement_reversal_mirrors: a reversal is the negative of the settlement that it names' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER settlement_reversal_mirrors BEFORE INSERT ON settlement FOR EACH ROW EXECUTE FUNCTION settlement_reversal_mirrors()
CREATE FUNCTION credit_entry_continues() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.balance_minor <> NEW.amount_minor + coalesce((SELECT p.balance_minor FROM credit_entry p WHERE p.grant_id = NEW.grant_id AND p.seq = NEW.seq - 1), 0) OR (NEW.seq > 1 AND NOT EXISTS (SELECT 1 FROM credit_entry p WHERE p.grant_id = NEW.grant_id AND p.seq = NEW.seq - 1)) THEN RAISE EXCEPTION 'credit_entry_continues: an entry goes on from the balance of the one before it' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER credit_entry_continues BEFORE INSERT ON credit_entry FOR EACH ROW EXECUTE FUNCTION credit_entry_continues()
CREATE FUNCTION accounting_period_tiles() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM accounting_period o WHERE o.seller_id = NEW.seller_id) AND NOT EXISTS (SELECT 1 FROM accounting_period o WHERE o.seller_id = NEW.seller_id AND (o.ends_on = NEW.starts_on OR o.starts_on = NEW.ends_on OR (o.starts_on < NEW.ends_on AND NEW.starts_on < o.ends_on))) THEN RAISE EXCEPTION 'accounting_period_tiles: periods of a seller leave no gap' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER accounting_period_tiles BEFORE INSERT ON accounting_period FOR EACH ROW EXECUTE FUNCTION accounting_period_tiles()
CREATE FUNCTION accounting_period_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (OLD.seller_id, OLD.starts_on, OLD.ends_on) <> (NEW.seller_id, NEW.starts_on, NEW.ends_on) THEN RAISE EXCEPTION 'accounting_period_fixed: the days of a period never change' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER accounting_period_fixed BEFORE UPDATE ON accounting_period FOR EACH ROW EXECUTE FUNCTION accounting_period_fixed()
CREATE FUNCTION accounting_period_no_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF 1 = 1 THEN RAISE EXCEPTION 'accounting_period_no_delete: periods stay' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER accounting_period_no_delete BEFORE DELETE ON accounting_period FOR EACH ROW EXECUTE FUNCTION accounting_period_no_delete()
CREATE FUNCTION journal_entry_in_open_period() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM accounting_period p WHERE p.id = NEW.period_id AND p.seller_id = NEW.seller_id AND p.state <> 'locked' AND NEW.booked_on >= p.starts_on AND NEW.booked_on < p.ends_on) THEN RAISE EXCEPTION 'journal_entry_in_open_period: the period is locked, of another seller, or does not hold the date' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER journal_entry_in_open_period BEFORE INSERT ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_entry_in_open_period()
CREATE FUNCTION journal_line_in_its_books() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM journal_entry e JOIN accounting_period p ON p.id = e.period_id JOIN gl_account g ON g.id = NEW.gl_account_id AND g.seller_id = e.seller_id WHERE e.id = NEW.entry_id AND p.state <> 'locked') THEN RAISE EXCEPTION 'journal_line_in_its_books: the period of its entry is locked, or its account is of another seller' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER journal_line_in_its_books BEFORE INSERT ON journal_line FOR EACH ROW EXECUTE FUNCTION journal_line_in_its_books()
CREATE FUNCTION mapping_version_approved_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.approved_by <> '' AND NEW.approved_by <> OLD.approved_by THEN RAISE EXCEPTION 'mapping_version_approved_once: an approval stands' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER mapping_version_approved_once BEFORE UPDATE ON mapping_version FOR EACH ROW EXECUTE FUNCTION mapping_version_approved_once()
CREATE FUNCTION routing_rule_version_approved_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.approved_by <> '' AND NEW.approved_by <> OLD.approved_by THEN RAISE EXCEPTION 'routing_rule_version_approved_once: an approval stands' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER routing_rule_version_approved_once BEFORE UPDATE ON routing_rule_version FOR EACH ROW EXECUTE FUNCTION routing_rule_version_approved_once()
CREATE FUNCTION refund_approved_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.approved_by <> '' AND NEW.approved_by <> OLD.approved_by THEN RAISE EXCEPTION 'refund_approved_once: an approval stands' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER refund_approved_once BEFORE UPDATE ON refund FOR EACH ROW EXECUTE FUNCTION refund_approved_once()
CREATE FUNCTION document_line_frozen_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN (NEW.document_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'document_line_frozen_insert: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_line_frozen_insert BEFORE INSERT ON document_line FOR EACH ROW EXECUTE FUNCTION document_line_frozen_insert()
CREATE FUNCTION document_line_frozen_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN (OLD.document_id, NEW.document_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'document_line_frozen_update: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_line_frozen_update BEFORE UPDATE ON document_line FOR EACH ROW EXECUTE FUNCTION document_line_frozen_update()
CREATE FUNCTION document_line_frozen_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN (OLD.document_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'document_line_frozen_delete: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER document_line_frozen_delete BEFORE DELETE ON document_line FOR EACH ROW EXECUTE FUNCTION document_line_frozen_delete()
CREATE FUNCTION tax_total_frozen_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN (NEW.document_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'tax_total_frozen_insert: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER tax_total_frozen_insert BEFORE INSERT ON tax_total FOR EACH ROW EXECUTE FUNCTION tax_total_frozen_insert()
CREATE FUNCTION tax_total_frozen_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN (OLD.document_id, NEW.document_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'tax_total_frozen_update: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER tax_total_frozen_update BEFORE UPDATE ON tax_total FOR EACH ROW EXECUTE FUNCTION tax_total_frozen_update()
CREATE FUNCTION tax_total_frozen_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN (OLD.document_id) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'tax_total_frozen_delete: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER tax_total_frozen_delete BEFORE DELETE ON tax_total FOR EACH ROW EXECUTE FUNCTION tax_total_frozen_delete()
CREATE FUNCTION line_discount_frozen_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN ((SELECT l.document_id FROM document_line l WHERE l.id = NEW.line_id)) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_discount_frozen_insert: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER line_discount_frozen_insert BEFORE INSERT ON line_discount FOR EACH ROW EXECUTE FUNCTION line_discount_frozen_insert()
CREATE FUNCTION line_discount_frozen_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN ((SELECT l.document_id FROM document_line l WHERE l.id = OLD.line_id), (SELECT l.document_id FROM document_line l WHERE l.id = NEW.line_id)) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_discount_frozen_update: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER line_discount_frozen_update BEFORE UPDATE ON line_discount FOR EACH ROW EXECUTE FUNCTION line_discount_frozen_update()
CREATE FUNCTION line_discount_frozen_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN ((SELECT l.document_id FROM document_line l WHERE l.id = OLD.line_id)) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_discount_frozen_delete: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER line_discount_frozen_delete BEFORE DELETE ON line_discount FOR EACH ROW EXECUTE FUNCTION line_discount_frozen_delete()
CREATE FUNCTION line_tax_frozen_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN ((SELECT l.document_id FROM document_line l WHERE l.id = NEW.line_id)) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_tax_frozen_insert: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER line_tax_frozen_insert BEFORE INSERT ON line_tax FOR EACH ROW EXECUTE FUNCTION line_tax_frozen_insert()
CREATE FUNCTION line_tax_frozen_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN ((SELECT l.document_id FROM document_line l WHERE l.id = OLD.line_id), (SELECT l.document_id FROM document_line l WHERE l.id = NEW.line_id)) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_tax_frozen_update: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER line_tax_frozen_update BEFORE UPDATE ON line_tax FOR EACH ROW EXECUTE FUNCTION line_tax_frozen_update()
CREATE FUNCTION line_tax_frozen_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM document d WHERE d.id IN ((SELECT l.document_id FROM document_line l WHERE l.id = OLD.line_id)) AND d.status IN ('issued', 'cancelled')) THEN RAISE EXCEPTION 'line_tax_frozen_delete: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END $$
CREATE TRIGGER line_tax_frozen_delete BEFORE DELETE ON line_tax FOR EACH ROW EXECUTE FUNCTION line_tax_frozen_delete()
ALTER TABLE charge_live ADD CONSTRAINT charge_live_no_overlap EXCLUDE USING gist (subject_kind WITH =, subject_id WITH =, daterange(service_start, service_end) WITH &&) WHERE (kind = 'regular')
ALTER TABLE accounting_period ADD CONSTRAINT accounting_period_no_overlap EXCLUDE USING gist (seller_id WITH =, daterange(starts_on, ends_on) WITH &&)
CREATE FUNCTION document_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.status IN ('issued', 'cancelled') AND to_jsonb(OLD) - ARRAY['status', 'version', 'written_off_on'] <> to_jsonb(NEW) - ARRAY['status', 'version', 'written_off_on'] THEN RAISE EXCEPTION 'document_frozen: an issued document never changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$
CREATE TRIGGER document_frozen BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_frozen()
