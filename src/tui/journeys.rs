//! Journeys over the screen, on the embedded server.

use crate::robot::Robot;

#[test]
fn a_kind_is_opened_filtered_sorted_and_left() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until_idle();
    println!("HOME\n{}", robot.screen());
    robot.keys(":po<enter>").until("client-acme");
    println!("{}", robot.screen());
    println!("j costs {} bytes", robot.bytes_of("j"));
    println!("j costs {} bytes", robot.bytes_of("j"));
    robot.keys("?");
    println!("{}", robot.screen());
    robot.keys("<esc>:");
    println!("{}", robot.screen());
    robot.keys("<esc>v");
    println!("{}", robot.screen());
    robot.keys("<esc>/acme");
    println!("{}", robot.screen());
    robot.keys("<enter><esc><esc>");
    for page in ["apps", "tenants", "certificates", "routes"] {
        robot.keys(&format!(":{page}<enter>")).until_idle();
        println!("{page}\n{}", robot.screen());
        robot.keys("<enter>").until_idle();
        println!("{page} detail\n{}", robot.screen());
        robot.keys("<esc>");
    }
    for page in ["contexts", "namespaces", "journal", "drafts", "deploy client-acme", "secrets", "nosuchkind"] {
        robot.keys(&format!(":{page}<enter>")).until_idle();
        println!("{page}\n{}", robot.screen());
    }
}
