"""Commands as agents run them: which are checks, and how a check ended by what it printed.

Written from experience, and labelled before the code that knows them was looked at. One command a line.
"""

CHECKS = r"""
pytest -q
pytest tests/api/test_orders.py::test_refund -x -vv
python -m pytest -n auto
cd services/api && pytest -q 2>&1 | tail -20
source .venv/bin/activate && pytest -q
. venv/bin/activate; python -m pytest tests -x
DATABASE_URL=postgres://localhost/test pytest -q
env DJANGO_SETTINGS_MODULE=app.settings.test python manage.py test orders
PYTHONPATH=src ENV=test python3.12 -m unittest discover -s tests
uv run pytest -q
uv run --with pytest-xdist pytest -n 4
uv run -- python -m pytest
uvx ruff check .
poetry run pytest --cov=app
pdm run mypy src
hatch run test:cov
hatch test
pipx run mypy src
conda run -n ml pytest -q
nox -s tests-3.12
tox -e py311 -- -k refund
pre-commit run --all-files
ruff check --fix .
ruff format --check .
black --check src tests
flake8 src
mypy --strict src/
pyright
npx pyright src
npm test
npm run test:unit -- --watch=false
npm run build
npm run lint -- --fix
npm run typecheck
npm --prefix web run build
npm run -w packages/ui test
npm t
yarn test --ci
yarn workspace @acme/web lint
yarn tsc --noEmit
pnpm -r test
pnpm --filter @acme/api test -- orders
pnpm --filter=./packages/* run build
pnpm exec vitest run src/cart.test.ts
pnpm dlx eslint .
bun test
bun run typecheck
deno test -A
npx vitest run
npx jest --runInBand src/x.test.ts
npx tsc --noEmit -p tsconfig.json
npx eslint . --ext .ts,.tsx --max-warnings 0
npx prettier --check .
npx playwright test e2e/login.spec.ts --project=chromium
npx cypress run --spec cypress/e2e/a.cy.ts
npx turbo run build --filter=web...
turbo test
npx nx affected -t lint test
nx test api
nx run-many --target=build --all
lerna run test --since main
npx next build
vite build
npx biome check src
npx svelte-check
vue-tsc --noEmit
node --test
CI=1 npx react-scripts test
docker compose exec api pytest -q
docker compose exec -T -e CI=1 web npm test
docker-compose run --rm app bundle exec rspec
docker run --rm -v $PWD:/app -w /app node:20 npm test
docker build -t api .
kubectl exec deploy/api -- pytest -q
make
make test
make -C backend check -j4
make lint test
just test
task test
mise run test
rake test
bundle exec rspec spec/models
bin/rails test test/models
bundle exec rubocop -A
cargo test -p core --all-features
cargo nextest run
cargo clippy --all-targets -- -D warnings
cargo fmt --check
cargo build --release
cargo check
cargo +nightly test
go test ./... -race
go vet ./...
go build ./...
golangci-lint run
staticcheck ./...
gotestsum ./...
./gradlew :app:testDebugUnitTest --tests '*Cart*'
./gradlew build -x test
./mvnw -q verify
mvn -pl api -am test
dotnet test --filter Category=Unit
dotnet build -c Release
vendor/bin/phpunit --filter OrderTest
./vendor/bin/phpstan analyse src
php artisan test
composer test
mix test test/orders_test.exs:42
mix credo --strict
mix format --check-formatted
swift test --filter Cart
swift build
xcodebuild test -scheme App -destination 'platform=iOS Simulator,name=iPhone 15'
flutter test
flutter analyze
dart analyze
sbt test
sbt 'testOnly *CartSpec'
stack test
cabal build
zig build test
clj -M:test
ctest --test-dir build --output-on-failure
cmake --build build -j8
ninja -C build test
meson test -C build
bazel test //api/...
bazel build //...
pants test ::
terraform validate
terraform fmt -check -recursive
tflint
helm lint charts/api
ansible-lint
yamllint .github
shellcheck scripts/*.sh
hadolint Dockerfile
actionlint
dbt test --select orders
dbt build
sqlfluff lint models
markdownlint docs
timeout 300 npm test
time make test
nice -n 19 pytest -q
nohup pytest -q > out.log 2>&1
xvfb-run -a npx playwright test
sudo -u app pytest
stdbuf -oL pytest
bash -c 'cd api && pytest -q'
sh -lc "make test"
(cd web && npm test)
set -o pipefail; pytest -q | tee out.log
set -euo pipefail && npm run lint && npm test
for i in 1 2 3; do pytest -q tests/test_flaky.py || break; done
pytest -q || true
pytest -q; echo "exit $?"
npm run build 2>&1 | grep -E 'error|warning' | head -40
git stash && pytest -q; git stash pop
pytest -q && git commit -am 'Fix refunds'
if pytest -q; then echo ok; fi
while true; do go test ./... || break; done
ssh build01 'cd /srv/app && make test'
./scripts/test.sh
bash scripts/run-tests.sh --fast
./run_tests.py
bin/test
python tests/test_orders.py
gh pr checks 123
gh run watch 9 --exit-status
npx vitest --watch
cd /repo && PYTHONPATH=. .venv/bin/pytest tests/unit -q --no-header 2>&1 | tail -30
cd frontend; yarn lint --fix; yarn test --watchAll=false
pnpm turbo run typecheck --filter @acme/web
pnpm -w exec tsc -b
npx --no-install jest -t 'adds items'
NODE_OPTIONS=--experimental-vm-modules npx jest
npm run test --workspaces --if-present
npm run e2e
yarn dlx @biomejs/biome check .
npx @biomejs/biome ci .
npx prisma validate
make -s test 2>/dev/null | grep -c ok
make build-image
make run-tests
cargo test --workspace -- --nocapture 2>&1 | tee /tmp/o.txt
RUST_BACKTRACE=1 cargo t my_test
cargo b
cargo bench
go test -run TestX -count=10 ./internal/... | tail -5
CGO_ENABLED=0 go build -o /tmp/x ./cmd/x
docker compose -f docker-compose.test.yml run --rm tests
docker compose -f ci.yml up --abort-on-container-exit --exit-code-from tests
docker exec web python manage.py test --keepdb
python -m compileall -q src
python setup.py test
python -m py_compile app/main.py
python scripts/check_links.py docs
uv run ruff check && uv run mypy .
poetry run python -m pytest -x
tox
invoke lint
./gradlew spotlessCheck
./gradlew assembleDebug
mvn -q -DskipTests compile
dotnet test --no-build --logger 'console;verbosity=minimal'
bundle exec rake spec
bin/rspec
mix compile --warnings-as-errors
xcodebuild -scheme App build
flutter build apk
terraform plan -out x
terraform init -backend=false && terraform validate
promtool check rules rules.yml
nginx -t
php -l src/a.php
gcc -Wall -o a a.c && ./a
g++ -c main.cpp
rustc main.rs
javac Main.java
tsx --test src/**/*.test.ts
node scripts/validate-schema.mjs
export CI=1; npm run test:ci
time (make -j8 check)
git diff | head; pytest -q tests/a.py
pytest tests/unit/test_status.py::test_one -q 2>&1 | tail -5
python3 -m pytest
python -m unittest discover
cd api && ./venv/bin/pytest tests
CI=1 GITHUB_ACTIONS=true pytest tests/cli -q
DATABASE_URL='x y' poetry run pytest
uv run pytest
make -j4 lint test-integration
make test-integration ARGS='-k pickup'
pnpm lint
yarn build
npx tsc --noEmit
eslint src
ruff check . && ruff format --check .
mypy --strict src
go test ./...
cargo test --all
cargo clippy
./gradlew test
gradle :app:check
mvn -q verify
tofu plan
tox -e py311
nox -s tests
docker build -t shop:dev .
gh pr checks 61 --watch
gh run watch 90412 --exit-status
bash scripts/e2e.sh
./scripts/run-tests.sh
for i in 1 2 3; do pytest -q; done
dotnet test
bundle exec rspec
timeout 60 pytest
python manage.py test shop
alembic revision --autogenerate -m x && make test
""".strip().splitlines()

NO_CHECKS = r"""
ruff format .
black .
isort .
npm run dev
npm start
npm ci
npm install --save-dev vitest
pnpm add -D jest
npx jest --listTests
npx tsc --init
npx prettier --write src
npx playwright install
npx cypress open
nx serve api
next dev
docker compose up -d db
docker compose logs api | grep -i error
make deploy
make clean
just fmt
bin/rails db:migrate
cargo fmt
cargo run -- serve
cargo add serde
go run ./cmd/server
go mod tidy
./gradlew clean
mvn dependency:tree
dotnet ef database update
php artisan migrate
composer install
mix format
cmake -S . -B build
bazel query 'deps(//x)'
terraform apply -auto-approve
dbt run
watch -n 5 kubectl get pods
pytest --collect-only -q
pytest --version
which pytest
cat pytest.ini
grep -rn 'npm test' .github
echo 'run npm test'
git commit -m 'Make pytest green'
ls tests
pip install pytest
python -c 'import app; print(app.__version__)'
curl -s localhost:8000/health
rm -rf .pytest_cache build
cat test.log | tail -30
sed -i 's/jest/vitest/' package.json
alembic upgrade head
eslint --init
mypy --install-types --non-interactive
tail -f logs/test.log
git log --grep test
npm view jest version
touch tests/test_new.py
vim Makefile
code --wait test.py
apt-get install -y build-essential
docker ps --filter name=test
cp test.env .env
psql -c 'select 1' test
npx -y tsx scripts/seed.ts
npx ts-node src/index.ts
npm run storybook
npm run db:migrate
npm run generate
npm outdated
yarn
pnpm i --frozen-lockfile
npx drizzle-kit generate
npx prisma migrate dev --name x
make help
make fmt
cargo doc --open
go generate ./...
go install ./cmd/x
docker compose restart web
docker exec -it web bash
kubectl get pods -n test
kubectl apply -f k8s/ --dry-run=server
python scripts/migrate.py
uv sync
uv pip install -e .
poetry install
./gradlew bootRun
mvn spring-boot:run
dotnet run --project Api
rails generate model X
mix deps.get
mix ecto.migrate
swift run App
pod install
flutter pub get
tofu fmt
cdk synth
helm upgrade --install api charts/api
wget -q https://x.test/test.tgz
find . -name '*test*'
awk '/FAIL/' out.log
gh workflow run test.yml
gh pr view 12
open coverage/index.html
ps aux | grep pytest
kill $(pgrep -f vitest)
sleep 5 && curl -f localhost/health
grep -rn pytest .
git commit -m 'Run pytest in CI'
npm install
echo make test
rg 'def test_' tests
git diff --stat
python scripts/load.py
make run
vim test_x.py
terraform apply
docker compose up -d
go get example.test/x
""".strip().splitlines()

ENDINGS = [
    ("pytest -q", "........\n42 passed in 3.02s", True, "green"),
    ("pytest -q", "FAILED tests/test_orders.py::test_refund - AssertionError: assert 3 == 2\n1 failed, 41 passed in 3.21s", False, "red"),
    ("pytest -q 2>&1 | tail -5", "FAILED tests/test_orders.py::test_refund - AssertionError: assert 3 == 2\n1 failed, 41 passed in 3.21s", True, "red"),
    ("pytest -q 2>&1 | tail -5", "........\n42 passed in 3.02s", True, "green"),
    ("pytest -q || true", "FAILED tests/test_orders.py::test_refund - AssertionError: assert 3 == 2\n1 failed, 41 passed in 3.21s", True, "red"),
    ('pytest -q; echo "exit $?"', "FAILED tests/test_orders.py::test_refund - AssertionError: assert 3 == 2\n1 failed, 41 passed in 3.21s\nexit 1", True, "red"),
    ('pytest -q; echo "exit $?"', "........\n42 passed in 3.02s\nexit 0", True, "green"),
    ("pytest -q | tee out.log", "2 failed, 7 passed, 1 skipped in 9.9s", True, "red"),
    ("pytest -q | tail -1", "12 passed, 3 warnings, 1 xfailed in 4.1s", True, "green"),
    ("pytest -q | tail -1", "3 errors in 0.52s", True, "red"),
    ("pytest -q 2>&1 | tail -3", "ImportError while loading conftest '/app/tests/conftest.py'.\nE   ModuleNotFoundError: No module named 'app'", True, "red"),
    ("pytest -q | tail -1", "no tests ran in 0.01s", True, ""),
    ("pytest -k refund", "5 deselected in 0.1s", False, ""),
    ("pytest -q | grep FAILED", "", False, ""),
    ("pytest -q | grep FAILED", "FAILED tests/a.py::b", True, "red"),
    ("npx vitest run 2>&1 | tail -6", " Test Files  1 failed | 12 passed (13)\n      Tests  2 failed | 88 passed (90)\n   Duration  4.2s", True, "red"),
    ("npx vitest run 2>&1 | tail -6", " Test Files  13 passed (13)\n      Tests  90 passed (90)\n   Duration  4.2s", True, "green"),
    ("npx jest 2>&1 | tail -5", "Test Suites: 1 failed, 3 passed, 4 total\nTests:       1 failed, 20 passed, 21 total", True, "red"),
    ("npx jest 2>&1 | tail -5", "Test Suites: 4 passed, 4 total\nTests:       21 passed, 21 total", True, "green"),
    ("npx jest --silent | tail -2", "Tests:       0 failed, 21 passed, 21 total", True, "green"),
    ("npm test 2>&1 | tail -4", "# tests 12\n# pass 12\n# fail 0\n# cancelled 0", True, "green"),
    ("node --test | tail -4", "# tests 12\n# pass 11\n# fail 1\n# cancelled 0", True, "red"),
    ("npx mocha | tail -4", "  10 passing (40ms)\n  2 failing", True, "red"),
    ("npx mocha | tail -4", "  10 passing (40ms)\n  1 pending", True, "green"),
    ("npx tsc --noEmit | head -5", "src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.", True, "red"),
    ("npx tsc --noEmit | head -5", "", True, "green"),
    ("npx eslint . | tail -3", "✖ 3 problems (2 errors, 1 warning)", True, "red"),
    ("npx eslint . | tail -3", "✖ 1 problem (0 errors, 1 warning)", True, "green"),
    ("npx eslint src", "", True, "green"),
    ("ruff check . | tail -1", "Found 4 errors.", True, "red"),
    ("ruff check . | tail -1", "All checks passed!", True, "green"),
    ("mypy src | tail -1", "Found 2 errors in 1 file (checked 40 source files)", True, "red"),
    ("mypy src | tail -1", "Success: no issues found in 40 source files", True, "green"),
    ("cargo test 2>&1 | tail -3", "test result: FAILED. 10 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out", True, "red"),
    ("cargo test 2>&1 | tail -3", "test result: ok. 11 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out", True, "green"),
    ("cargo nextest run 2>&1 | tail -2", "     Summary [   1.2s] 40 tests run: 39 passed, 1 failed, 0 skipped", True, "red"),
    ("cargo build 2>&1 | tail -3", "error: could not compile `core` (lib) due to 2 previous errors", True, "red"),
    ("cargo clippy 2>&1 | tail", "    Finished dev [unoptimized + debuginfo] target(s) in 1.2s", True, "green"),
    ("go test ./... | tail", "ok  \tx/api\t0.2s\nFAIL\tx/store\t0.4s\nFAIL", True, "red"),
    ("go test ./... | tail", "ok  \tx/api\t0.2s\n?   \tx/cmd\t[no test files]", True, "green"),
    ("go build ./... 2>&1 | head", "# x/api\napi/h.go:12:2: undefined: Foo", True, "red"),
    ("./gradlew test | tail -5", "BUILD FAILED in 12s\n5 actionable tasks: 5 executed", True, "red"),
    ("./gradlew test | tail -5", "BUILD SUCCESSFUL in 12s", True, "green"),
    ("./mvnw test | tail", "[ERROR] Tests run: 9, Failures: 1, Errors: 0, Skipped: 0\n[INFO] BUILD FAILURE", True, "red"),
    ("mvn -q test | tail", "[INFO] Tests run: 9, Failures: 0, Errors: 0, Skipped: 0\n[INFO] BUILD SUCCESS", True, "green"),
    ("dotnet test | tail -2", "Failed!  - Failed:     1, Passed:    20, Skipped:     0, Total:    21", True, "red"),
    ("dotnet test | tail -2", "Passed!  - Failed:     0, Passed:    21, Skipped:     0, Total:    21", True, "green"),
    ("dotnet build | tail -3", "Build succeeded.\n    0 Warning(s)\n    0 Error(s)", True, "green"),
    ("dotnet build | tail -3", "Build FAILED.\n    0 Warning(s)\n    2 Error(s)", True, "red"),
    ("vendor/bin/phpunit | tail -3", "FAILURES!\nTests: 12, Assertions: 40, Failures: 1.", True, "red"),
    ("vendor/bin/phpunit | tail -3", "OK (12 tests, 40 assertions)", True, "green"),
    ("bundle exec rspec | tail -3", "12 examples, 1 failure", True, "red"),
    ("bundle exec rspec | tail -3", "12 examples, 0 failures, 1 pending", True, "green"),
    ("bin/rails test | tail -2", "9 runs, 20 assertions, 0 failures, 1 errors, 0 skips", True, "red"),
    ("bin/rails test | tail -2", "9 runs, 20 assertions, 0 failures, 0 errors, 0 skips", True, "green"),
    ("mix test | tail -3", "20 tests, 2 failures", True, "red"),
    ("mix test | tail -3", "20 tests, 0 failures", True, "green"),
    ("swift test 2>&1 | tail -2", "Executed 12 tests, with 1 failure (0 unexpected) in 0.2 seconds", True, "red"),
    ("swift test 2>&1 | tail -2", "Executed 12 tests, with 0 failures (0 unexpected) in 0.2 seconds", True, "green"),
    ("ctest --test-dir build | tail -4", "90% tests passed, 1 tests failed out of 10", True, "red"),
    ("ctest --test-dir build | tail -4", "100% tests passed, 0 tests failed out of 10", True, "green"),
    ("npx playwright test --reporter=line | tail -3", "  1 failed\n    [chromium] › e2e/login.spec.ts:3:1 › logs in\n  11 passed (8.1s)", True, "red"),
    ("npx playwright test --reporter=line | tail -3", "  12 passed (8.1s)", True, "green"),
    ("npx playwright test | tail -3", "  1 flaky\n  11 passed (8.1s)", True, "green"),
    ("npx cypress run | tail -3", "✖  1 of 3 failed (33%)   00:12   9   8   1", True, "red"),
    ("npx cypress run | tail -3", "✔  All specs passed!   00:12   9   9", True, "green"),
    ("bazel test //... | tail -2", "Executed 3 out of 4 tests: 3 tests pass and 1 fails locally.", True, "red"),
    ("bazel test //... | tail -2", "Executed 4 out of 4 tests: 4 tests pass.", True, "green"),
    ("turbo run test | tail -4", " Tasks:    3 successful, 4 total\nFailed:    @acme/api#test\n ERROR  run failed: command  exited (1)", True, "red"),
    ("turbo run test | tail -4", " Tasks:    4 successful, 4 total\nCached:    2 cached, 4 total", True, "green"),
    ("npx nx affected -t test | tail", " NX   Ran target test for 3 projects (10s)\n\n   ✖  1/3 failed", True, "red"),
    ("npx nx affected -t test | tail", " NX   Successfully ran target test for 3 projects (4s)", True, "green"),
    ("pnpm -r test 2>&1 | tail -3", " ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL  @acme/api@1.0.0 test: `vitest run`\nExit status 1", True, "red"),
    ("npm run build 2>&1 | tail -5", "npm ERR! code ELIFECYCLE\nnpm ERR! errno 2", True, "red"),
    ("npm run build 2>&1 | tail -3", "vite v5.2.0 building for production...\n✓ 42 modules transformed.\n✓ built in 1.9s", True, "green"),
    ("make test 2>&1 | tail -2", "make: *** [Makefile:12: test] Error 1", True, "red"),
    ("make -j4 | tail -2", "gcc -o app main.o", True, "green"),
    ("make lint", "make: *** No rule to make target 'lint'.  Stop.", False, ""),
    ("npm run typecheck", 'npm ERR! Missing script: "typecheck"', False, ""),
    ("pytest -q", "bash: pytest: command not found", False, ""),
    ("uv run pytest", "error: Failed to spawn: `pytest`\n  Caused by: No such file or directory (os error 2)", False, ""),
    ("cd apii && pytest", "bash: cd: apii: No such file or directory", False, ""),
    ("timeout 60 npm test", "", False, "red"),
    ("docker build . 2>&1 | tail -4", 'ERROR: failed to solve: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1', True, "red"),
    ("terraform validate", "Success! The configuration is valid.", True, "green"),
    ("pre-commit run --all-files | tail -3", "ruff.....Passed\nmypy.....Failed", True, "red"),
    ("npx prettier --check . | tail -2", "[warn] Code style issues found in 2 files. Run Prettier with --write to fix.", True, "red"),
    ("npx prettier --check . | tail -2", "All matched files use Prettier code style!", True, "green"),
    ("helm lint charts/api | tail -2", "1 chart(s) linted, 0 chart(s) failed", True, "green"),
    ("helm lint charts/api | tail -2", "1 chart(s) linted, 1 chart(s) failed", True, "red"),
    ("gh pr checks 12", "build\tpass\t1m\nunit\tfail\t2m", False, "red"),
    ("dbt test | tail -1", "Done. PASS=12 WARN=0 ERROR=1 SKIP=0 TOTAL=13", True, "red"),
    ("dbt test | tail -1", "Done. PASS=13 WARN=0 ERROR=0 SKIP=0 TOTAL=13", True, "green"),
    ("pytest -q && git push", "........\n42 passed in 3.02s\n ! [rejected] main -> main (non-fast-forward)\nerror: failed to push some refs", False, "green"),
    ("npm run lint && npm test", "Tests: 3 passed, 3 total", True, "green"),
    ("git push origin main && npm test | tail -3", "Tests:       1 failed, 2 passed, 3 total", True, "red"),
    ("pytest tests/test_errors.py -q | tail -2", "tests/test_errors.py::test_failed_payment_is_reported PASSED\n1 passed in 0.2s", True, "green"),
    ("go test -v ./... | tail -3", "--- PASS: TestErrorFailure (0.00s)\nPASS\nok  \tx/api\t0.2s", True, "green"),
    ("python -m unittest | tail -3", "Ran 12 tests in 0.3s\n\nFAILED (failures=1)", True, "red"),
    ("python -m unittest 2>&1 | tail -3", "Ran 12 tests in 0.3s\n\nOK", True, "green"),
    ("sbt test | tail -2", "[error] Failed tests:\n[error] \tCartSpec\n[error] (Test / test) sbt.TestsFailedException: Tests unsuccessful", True, "red"),
    ("flutter test | tail -1", "00:12 +20 -1: Some tests failed.", True, "red"),
    ("flutter test | tail -1", "00:12 +21: All tests passed!", True, "green"),
    ("deno test | tail -1", "FAILED | 3 passed | 1 failed (12ms)", True, "red"),
    ("deno test | tail -1", "ok | 4 passed | 0 failed (12ms)", True, "green"),
    ("bun test | tail -3", " 4 pass\n 1 fail\nRan 5 tests across 2 files.", True, "red"),
    ("bun test | tail -3", " 5 pass\n 0 fail\nRan 5 tests across 2 files.", True, "green"),
    ("nox | tail -2", "nox > Session tests-3.12 was successful.", True, "green"),
    ("nox | tail -2", "nox > Session tests-3.12 failed.", True, "red"),
    ("tox | tail -2", "  py311: FAIL code 1 (3.2 seconds)\n  evaluation failed :( (3.4 seconds)", True, "red"),
    ("tox | tail -2", "  py311: OK (3.2 seconds)\n  congratulations :) (3.4 seconds)", True, "green"),
    ("golangci-lint run | tail -2", "2 issues:\n* errcheck: 2", True, "red"),
    ("golangci-lint run | tail -2", "0 issues.", True, "green"),
    ("xcodebuild test | tail -1", "** TEST FAILED **", True, "red"),
    ("xcodebuild test | tail -1", "** TEST SUCCEEDED **", True, "green"),
    ("cmake --build build | tail -2", "ninja: build stopped: subcommand failed.", True, "red"),
    ("cd web && npm test 2>&1 | tail -20", " FAIL  src/a.test.ts > adds\nAssertionError: expected 2 to be 3\n\n Test Files  1 failed (1)", True, "red"),
    ("yarn build 2>&1 | tail", "✓ Compiled successfully\nRoute (app)  Size", True, "green"),
    ("yarn build 2>&1 | tail", "Failed to compile.\n\n./src/a.tsx:3:10\nType error: Property 'x' does not exist", True, "red"),
    ("npx webpack | tail", "webpack 5.9 compiled with 1 error in 300 ms", True, "red"),
    ("npx webpack | tail", "webpack 5.9 compiled with 2 warnings in 300 ms", True, "green"),
    ("vite build 2>&1 | tail -4", "error during build:\nRollupError: Could not resolve './x'", True, "red"),
    ("pytest -q | tail -2", "1 failed, 3 passed, 2 rerun in 3s", True, "red"),
    ("pytest -q 2>&1 | tail -4", "!!!!!!!! Interrupted: 1 error during collection !!!!!!!!\n1 error in 0.4s", True, "red"),
    ("pytest -q | tail -2", "40 passed, 2 skipped, 1 xpassed in 3s", True, "green"),
    ("pytest --lf -q | tail -1", "run-last-failure: no previously failed tests, not deselecting items.\n40 passed in 2s", True, "green"),
    ("cargo build 2>&1 | tail -2", "warning: unused variable: `x`\n    Finished dev in 0.2s", True, "green"),
    ("cargo check 2>&1 | tail -3", "error[E0382]: borrow of moved value: `x`\n --> src/a.rs:3:4", True, "red"),
    ("go test ./... 2>&1 | grep -v 'no test files'", "ok  \tx/a\t(cached)\n--- FAIL: TestB (0.00s)\n    b_test.go:9: got 1\nFAIL\tx/b\t0.1s", True, "red"),
    ("./gradlew test --info | tail -3", "> Task :app:test FAILED\n\nFAILURE: Build failed with an exception.", True, "red"),
    ("phpstan analyse | tail -2", " [ERROR] Found 3 errors", True, "red"),
    ("phpstan analyse | tail -2", " [OK] No errors", True, "green"),
    ("rubocop | tail -1", "12 files inspected, 2 offenses detected", True, "red"),
    ("rubocop | tail -1", "12 files inspected, no offenses detected", True, "green"),
    ("flake8 src | head", "src/a.py:3:1: F401 'os' imported but unused", True, "red"),
    ("yamllint . | head", "./a.yml\n  3:1  error  wrong indentation", True, "red"),
    ("shellcheck x.sh | head", "In x.sh line 3:\necho $x\n     ^-- SC2086 (info): Double quote", True, "red"),
    ("npm test; echo done", "> vitest run\n\n Tests  12 passed (12)\ndone", True, "green"),
    ("pytest -q", "/usr/bin/python: No module named pytest", False, ""),
    ("make test", "cc -o t t.c\nt.c:3:1: error: expected ';'\nmake: *** [t] Error 1", False, "red"),
    ("nx test api", "NX   Running target test for project api failed", False, "red"),
    ("docker compose exec api pytest -q", 'service "api" is not running', False, ""),
    ("docker compose exec api pytest -q", 'OCI runtime exec failed: exec failed: exec: "pytest": executable file not found in $PATH', False, ""),
    ("pytest tests/nope.py", "ERROR: file or directory not found: tests/nope.py\n\nno tests ran in 0.00s", False, ""),
    ("npx jest nope", "No tests found, exiting with code 1", False, ""),
    ("ruff check . ; ruff format --check .", "All checks passed!\n3 files would be reformatted, 20 files already formatted", True, "red"),
    ("npm run lint && git commit -m x", "x 0 errors, 2 warnings\n[main 12ab] x", True, "green"),
    ("pytest -q && ./deploy.sh", "5 passed in 1s\nssh: connect to host: Connection refused", False, "green"),
    ("mypy . | tail -3", "a.py:3: error: Incompatible types\nFound 1 error in 1 file (checked 3 source files)", True, "red"),
    ("bundle exec rspec | grep examples", "40 examples, 0 failures", True, "green"),
    ("terraform plan | tail", "Plan: 1 to add, 0 to change, 0 to destroy.", True, "green"),
    ("mix test | tail -4", "Finished in 0.2 seconds\n1 doctest, 3 tests, 0 failures", True, "green"),
    ("dart test | tail -1", "00:01 +3 -1: Some tests failed.", True, "red"),
    ("yarn jest 2>&1 | tail -3", "error Command failed with exit code 1.", True, "red"),
]  # fmt: skip
"""A command, its output, if it ended with 0, and how the check ended: green, red, or empty where nothing tells."""
