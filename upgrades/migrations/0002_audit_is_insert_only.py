"""The audit table refuses UPDATE, DELETE and TRUNCATE, whoever asks but a superuser in replica mode."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION upgrades_refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are insert-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON upgrades_auditevent
    FOR EACH ROW EXECUTE FUNCTION upgrades_refuse_audit_change();
CREATE TRIGGER audit_table_stays BEFORE TRUNCATE ON upgrades_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION upgrades_refuse_audit_change();
"""
UNDO = """
DROP TRIGGER audit_rows_stay ON upgrades_auditevent;
DROP TRIGGER audit_table_stays ON upgrades_auditevent;
DROP FUNCTION upgrades_refuse_audit_change();
"""


class Migration(migrations.Migration):
    dependencies = [("upgrades", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, UNDO)]
