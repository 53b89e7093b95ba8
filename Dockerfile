# The image of web, worker, beat and migrate; docker-compose.yml says which is which.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/ocpdash

COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY manage.py ./
COPY ocpdash ocpdash
COPY upgrades upgrades
COPY templates templates
COPY static static
# Static files need no secret: the values here reach nothing and stay in this one step.
RUN OCPDASH_MODE=production SECRET_KEY=of-no-use-but-as-long-as-production-asks-for-0123456789 \
    ALLOWED_HOSTS=build \
    DATABASE_URL=postgresql://build@build/build REDIS_URL=redis://build \
    python manage.py collectstatic --no-input

USER nobody
EXPOSE 8000
CMD ["uvicorn", "ocpdash.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--timeout-graceful-shutdown", "3", "--lifespan", "off", "--no-access-log"]
