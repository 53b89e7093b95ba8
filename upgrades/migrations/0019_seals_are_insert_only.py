"""The table of seals refuses UPDATE, DELETE and TRUNCATE, as that of the events does."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION upgrades_refuse_seal_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'seals of the audit trail are insert-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER seal_rows_stay BEFORE UPDATE OR DELETE ON upgrades_auditseal
    FOR EACH ROW EXECUTE FUNCTION upgrades_refuse_seal_change();
CREATE TRIGGER seal_table_stays BEFORE TRUNCATE ON upgrades_auditseal
    FOR EACH STATEMENT EXECUTE FUNCTION upgrades_refuse_seal_change();
"""
UNDO = """
DROP TRIGGER seal_rows_stay ON upgrades_auditseal;
DROP TRIGGER seal_table_stays ON upgrades_auditseal;
DROP FUNCTION upgrades_refuse_seal_change();
"""


class Migration(migrations.Migration):
    dependencies = [("upgrades", "0018_audit_seals")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]
