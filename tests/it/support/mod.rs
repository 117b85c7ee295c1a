//! Support for the tests: the server under test, stubs of other services, disks that fail, data to begin with.

pub mod app;
pub mod backup_schedule;
pub mod binary;
pub mod canary;
pub mod crash_disk;
pub mod durability;
pub mod failing_disk;
pub mod faults;
pub mod http2_client;
pub mod http2_frames;
pub mod http_request;
pub mod installation;
pub mod load_oracle;
pub mod logins;
pub mod openapi_document;
pub mod pb_data;
pub mod pocketbase_api;
pub mod real_pocketbase;
pub mod realtime_client;
pub mod received_request;
pub mod rounds;
pub mod s3_stub;
pub mod superuser;
pub mod tls_client;
pub mod users;
pub mod wechat_stub;
