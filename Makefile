# make demo    everything on this machine, from nothing; Ctrl-C ends it
# make test    every test, browser included        make check   lint, types, layers (under 30 s)
# make test-servers    the same tests on the PostgreSQL and Redis of DATABASE_SUPERUSER_URL and REDIS_URL
# make test-faults  faults, crashes and attacks, 25 minutes        make faults  the same in full, in parts
# make mutants small wrongs in rules, services and the OCP client: each must turn a test red; hours for all of them
# make fuzz    a million bytes grown out of documented answers against the readers of OCP's, by atheris
# make audit   semgrep with our own rules, bandit, committed secrets; needs no network once it is installed
# make coverage the tests again, by half slower, with what they miss
# make bench   figures into bench/                 make journey the main job by a real browser
# make openapi          docs/openapi.yaml, what the API says of itself
# make settings         the table of variables in docs/operations.md
# make clean   removes .venv, var and caches       make messages  marked strings into Chinese's .po and .mo (GNU gettext)

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
ARGS ?=

# The first Python from 3.11 on that can make a virtual environment.
FIND_PYTHON = for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; done; \
	[ -n "$$python" ] || { echo "ocpdash needs Python 3.11 or newer with its venv module (Debian: apt install python3-venv)." >&2; exit 1; }
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# What check --deploy looks at: production, with values that lead nowhere.
PRODUCTION = OCPDASH_MODE=production ALLOWED_HOSTS=ocpdash.example \
	SECRET_KEY=not-a-key-only-long-enough-for-the-check-0123456789-abcdefghij \
	CREDENTIALS_KEYS=bm90IGEga2V5LCBvbmx5IGFzIGxvbmcgYXMgb25lIGk= \
	DATABASE_URL=postgresql://ocpdash:none@db.example/ocpdash REDIS_URL=redis://redis.example/0

CHINESE := upgrades/locale/zh_Hans/LC_MESSAGES/django

.PHONY: demo test test-faults faults fuzz mutants coverage test-servers check audit bench journey messages openapi settings venv clean

demo: $(VENV)/.installed
	@exec $(BIN)/python manage.py demo --port $(PORT) $(ARGS)

test: venv
	@chromium=$$(sh .ci/chromium) && CHROMIUM="$$chromium" $(BIN)/python -m pytest --numprocesses 3 --dist worksteal $(ARGS)

test-faults: venv
	@chromium=$$(sh .ci/chromium) && CHROMIUM="$$chromium" FAULTS=push $(BIN)/python -m pytest --numprocesses 2 --dist worksteal tests/faults tests/browser/test_accessibility.py $(ARGS)

faults: venv
	@chromium=$$(sh .ci/chromium) && CHROMIUM="$$chromium" $(BIN)/python -m tests.faults $(ARGS)

fuzz: .venv-fuzz/.installed
	@FAULTS_KEEP=1 .venv-fuzz/bin/python -m tests.faults.fuzz $(ARGS)

mutants: venv
	@$(BIN)/python -m tests.faults.mutants $(ARGS)

coverage: override ARGS += --cov
coverage: test

test-servers: venv
	@[ -n "$$DATABASE_SUPERUSER_URL" ] || { echo "make test-servers needs DATABASE_SUPERUSER_URL: postgresql://user:password@host:5432/postgres, PostgreSQL 15 or newer." >&2; exit 1; }
	@[ -n "$$REDIS_URL" ] || { echo "make test-servers needs REDIS_URL: redis://host:6379, any empty index is taken, or /3 for that one and the next two." >&2; exit 1; }
	@chromium=$$(sh .ci/chromium) && CHROMIUM="$$chromium" \
		OCPDASH_TEST_SUPERUSER_URL="$$DATABASE_SUPERUSER_URL" OCPDASH_TEST_REDIS_URL="$$REDIS_URL" \
		$(BIN)/python -m pytest --numprocesses 3 --dist worksteal $(ARGS)

check: venv
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/djlint --lint --quiet templates
	@DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

# The rules' own tests come first: a rule that catches nothing any more would pass every scan.
SEMGREP = PATH="$(CURDIR)/.venv-audit/bin:$$PATH" .venv-audit/bin/semgrep scan --metrics=off --disable-version-check --quiet

audit: .venv-audit/.installed
	@$(SEMGREP) --test --config .ci/semgrep/rules .ci/semgrep/tests
	@$(SEMGREP) --error --strict --config .ci/semgrep/rules ocpdash upgrades templates static bench manage.py
	@.venv-audit/bin/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml ocpdash upgrades bench
	@.venv-audit/bin/python .ci/secrets.py

bench: venv
	@for file in $$(grep -l __main__ bench/*.py); do $(BIN)/python -m "bench.$$(basename "$$file" .py)" || exit 1; done

journey: venv
	@chromium=$$(sh .ci/chromium) && CHROMIUM="$$chromium" $(BIN)/python -m tests.journey $(ARGS)

messages: venv
	@DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemessages --locale zh_Hans --no-wrap --add-location file \
		--no-obsolete --ignore .venv --ignore var --ignore tests --ignore bench
	@msgfmt --check-format --statistics --output-file $(CHINESE).mo $(CHINESE).po

openapi: venv
	@DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -W ignore::RuntimeWarning manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

settings: venv
	@$(PRODUCTION) $(BIN)/python manage.py settings_table

venv: $(VENV)/.installed-dev

$(BIN)/python:
	@$(FIND_PYTHON); "$$python" -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	@echo "Installing packages into $(VENV)"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "Installing packages into $(VENV)"
	@$(PIP) -r requirements-dev.txt
	@touch $(VENV)/.installed $@

.venv-audit/.installed: requirements-audit.txt
	@$(FIND_PYTHON); "$$python" -m venv .venv-audit
	@echo "Installing what audits into .venv-audit"
	@.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	@touch $@

.venv-fuzz/.installed: requirements-fuzz.txt requirements.txt
	@$(FIND_PYTHON); "$$python" -m venv .venv-fuzz
	@echo "Installing what fuzzes into .venv-fuzz"
	@.venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-fuzz.txt
	@touch $@

clean:
	@rm -rf $(VENV) .venv-audit .venv-fuzz var .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov
