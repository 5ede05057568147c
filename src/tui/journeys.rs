//! Journeys over the screen, on the embedded server.

use crate::robot::Robot;

#[test]
fn a_kind_is_opened_filtered_sorted_and_left() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until("live").keys(":").until("enter run").keys("po<enter>").until("client-acme");
    let screen = robot.screen();
    println!("{screen}");
    robot.keys("jj").settle();
    println!("{}", robot.screen());
    println!("j costs {} bytes", robot.bytes_of("j"));
    robot.keys("?");
    println!("{}", robot.screen());
    robot.keys("<esc>:");
    println!("{}", robot.screen());
    robot.keys("<esc>v");
    println!("{}", robot.screen());
    robot.keys("<esc><esc>");
    println!("{}", robot.screen());
}
