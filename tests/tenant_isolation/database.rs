//! The last lock: what the database itself refuses when a statement forgets the tenant.

use sqlx::{Executor as _, Row as _};

use super::Place;
use crate::harness::TestApp;

/// O4: the last lock: as the application's role, a statement that forgets the tenant errors or sees its own only.
#[tokio::test]
async fn the_database_keeps_tenants_apart_by_itself() {
    let app = TestApp::start().await;
    let acme = Place::of(app.tenant("acme").await).await;
    Place::of(app.tenant("globex").await).await;
    let id = app
        .admin()
        .get(&acme.tenant.path(""))
        .await
        .expect_status(200)
        .text("id");

    let mut connection = app.database().db_connect().await;
    connection.execute("set role writ_app").await.unwrap();
    connection
        .execute("select * from clients")
        .await
        .unwrap_err();
    connection
        .execute("select * from tenants")
        .await
        .unwrap_err();
    let set = sqlx::query("select set_config('app.tenant_id', $1, false)").bind(&id);
    set.execute(&mut connection).await.unwrap();
    let row = connection
        .fetch_one("select count(distinct tenant_id), min(tenant_id::text) from clients")
        .await
        .unwrap();
    assert_eq!((row.get::<i64, _>(0), row.get::<String, _>(1)), (1, id));
}
