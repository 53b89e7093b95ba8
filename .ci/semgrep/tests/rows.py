# What the rules of rows.yaml must catch (ruleid) and must let pass (ok).


def write(run, rows, other):
    # ruleid: status-written-outside-move
    run.status = "verified"
    # ruleid: status-written-outside-move
    setattr(run, "status", "verified")
    # ruleid: status-written-outside-move
    rows.filter(pk=run.pk).update(status="verified", version=2)
    # ok: status-written-outside-move
    rows.filter(pk=run.pk, status="verifying").update(version=2)
    # ok: status-written-outside-move
    other.seen = run.status


def read(request, form, rows, names):
    # ruleid: query-from-the-request
    rows.filter(**request.GET.dict())
    # ruleid: query-from-the-request
    rows.annotate(**request.data)
    # ruleid: query-from-the-request
    rows.exclude(**form.cleaned_data)
    # ruleid: query-from-the-request
    rows.order_by(request.GET["sort"])
    # ruleid: query-from-the-request
    rows.order_by(*request.GET.getlist("sort"))
    # ok: query-from-the-request
    rows.order_by(names[request.GET["sort"]])
    # ok: query-from-the-request
    rows.filter(name=request.GET["name"])


def by_hand(Run, rows, cursor, table, value, RawSQL):
    # ruleid: sql-by-hand
    Run.objects.raw("SELECT 1")
    # ruleid: sql-by-hand
    rows.extra(where=["1=1"])
    # ruleid: sql-by-hand
    rows.annotate(one=RawSQL("1", []))
    # ok: sql-by-hand
    rows.filter(name=value)
    # ruleid: sql-with-values-in-its-text
    cursor.execute(f"SELECT * FROM t WHERE a = {value}")
    # ruleid: sql-with-values-in-its-text
    cursor.execute("SELECT * FROM t WHERE a = '%s'" % value)
    # ruleid: sql-with-values-in-its-text
    cursor.execute("SELECT * FROM t WHERE a = " + value)
    # ruleid: sql-with-values-in-its-text
    cursor.execute("SELECT * FROM {}".format(table))
    # ok: sql-with-values-in-its-text
    cursor.execute("SELECT * FROM t WHERE a = %s", [value])


def forge(AuditEvent, AuditSeal):
    # ruleid: audit-rows-changed
    AuditEvent.objects.filter(pk=1).update(outcome="done")
    # ruleid: audit-rows-changed
    AuditSeal.objects.filter(seq=1).delete()
    # ok: audit-rows-changed
    AuditEvent.objects.create(action="run.start")


def show(request, pk, Run, SavedView, rows, get_object_or_404):
    # ruleid: object-of-anybody
    get_object_or_404(Run, pk=pk)
    # ruleid: object-of-anybody
    Run.objects.get(pk=pk)
    # ruleid: object-of-anybody
    list(Run.objects.all())
    # ok: object-of-anybody
    get_object_or_404(Run.objects.visible_to(request.user), pk=pk)
    # ok: object-of-anybody
    get_object_or_404(SavedView, pk=pk, user=request.user)
