"""Commands as agents run them: those that are checks, and those that are none.

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
